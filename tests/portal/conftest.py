"""What the portal's tests start from."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from loyalty import limits
from members import signin
from members.models import Member
from tests.portal import data


@pytest.fixture(autouse=True)
def _uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests call from one address; what limits it is tested where it is meant."""
    monkeypatch.setattr(limits, "count", lambda name, *, limit, seconds: 0)


@pytest.fixture
def world(db) -> data.World:
    """Ada with a year of life, Ben who owes points, Eve who joined a moment ago."""
    return data.build()


@pytest.fixture
def programme(db) -> None:
    """The programme alone, without members."""
    data.apply_programme()


@pytest.fixture
def as_member() -> Callable[[Member], Client]:
    """A client that is signed in as a member."""

    def signed_in(member: Member) -> Client:
        client = Client()
        client.force_login(signin.user_of(member=member), backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in


def newest_code() -> str:
    """The code in the newest mail."""
    found = re.search(r"^ {4}(\d{6})$", mail.outbox[-1].body, re.MULTILINE)
    assert found is not None, mail.outbox[-1].body
    return found[1]
