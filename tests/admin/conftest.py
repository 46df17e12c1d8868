"""People of the staff, a member with a few sales, and clients that are signed in."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import transaction
from django.test import Client

from loyalty import factors, policies, staff
from loyalty.admin import checks, gate, signin
from loyalty.models import Programme, Role, Store, User
from members.admin import numbers
from members.enrolment import enrol
from members.models import Member
from rewards import rules
from rewards.earning import Receipt, record_sale

PASSWORD = "correct horse battery"

DOCUMENT = {
    "loyalty": 1,
    "name": {"en": "Harbour Coffee", "ja": "港コーヒー"},
    "settings": {"currency": "USD", "timezone": "UTC", "languages": ["en", "ja"]},
    "stores": [
        {"code": "main", "name": {"en": "Main store", "ja": "本店"}},
        {"code": "harbour", "name": {"en": "Harbour store", "ja": "港店"}},
    ],
    "tiers": [
        {
            "group": "status",
            "metric": "spend",
            "window": {"kind": "lifetime"},
            "start": "at_once",
            "end": {"kind": "with_metric"},
            "levels": [
                {"code": "bronze", "from": "0", "name": {"en": "Bronze", "ja": "ブロンズ"}},
                {"code": "silver", "from": "250", "name": {"en": "Silver", "ja": "シルバー"}},
            ],
        }
    ],
    "rules": [
        {
            "code": "base",
            "name": {"en": "1 point per dollar", "ja": "1ドルで1ポイント"},
            "kind": "per_amount",
            "points": 1,
            "per": "1",
        }
    ],
}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch, settings) -> None:
    """Figures of one test are none of the next one's; passwords of tests are hashed in a moment."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(numbers, "KEPT_SECONDS", 0)
    monkeypatch.setattr(checks, "_KEPT_SECONDS", 0)


@pytest.fixture
def programme(request: pytest.FixtureRequest) -> Programme:
    """Harbour Coffee; in a test that commits, committed."""
    if "committed" not in request.fixturenames:
        request.getfixturevalue("db")
    return policies.apply(document=DOCUMENT, actor="system:test")


def sell(
    member: Member, amount_minor: int, *, store: str = "main", receipt: str = "", at: datetime | None = None
) -> None:
    line = rules.Line(number=1, sku="BEANS", name="Beans", category="coffee", amount_minor=amount_minor)
    basket = rules.Basket(
        lines=(line,), occurred_at=at or datetime(2026, 3, 10, 9, tzinfo=UTC), currency="USD", store=store
    )
    number = receipt or uuid.uuid4().hex[:12]
    with transaction.atomic():
        record_sale(
            receipt=Receipt(store=policies.store(store), number=number, basket=basket, total_minor=amount_minor),
            member={"id": member.pk},
            actor="key:Till",
        )


@pytest.fixture
def ada(programme: Programme) -> Member:
    """Ada joined in the main store and bought there twice."""
    member = enrol(
        name="Ada Lovelace",
        email="ada@example.com",
        phone="+12025550123",
        store=policies.store("main"),
        actor="key:Till",
        occurred_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    )
    sell(member, 12_050, receipt="R-1")
    sell(member, 14_000, receipt="R-2", at=datetime(2026, 3, 11, 9, tzinfo=UTC))
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def ben(programme: Programme) -> Member:
    """Ben joined and bought in the harbour store."""
    member = enrol(name="Ben Bitdiddle", email="ben@example.com", store=policies.store("harbour"), actor="key:Till")
    sell(member, 4_000, store="harbour", receipt="H-1")
    return Member.objects.get(pk=member.pk)


Hire = Callable[..., User]


@pytest.fixture
def hire(programme: Programme) -> Hire:
    """Make a member of staff with a second factor: `hire(Role.CASHIER, store="main")`."""

    def make(role: str, *, store: str = "", email: str = "", factor: bool = True) -> User:
        address = email or f"{role}-{uuid.uuid4().hex[:8]}@staff.example"
        user = staff.create(
            email=address, role=role, store=store, name=f"Cleo {role}", password=PASSWORD, actor="system:test"
        )
        if factor and factors.totp_of(user) is None:
            factors.set_up(user, factors.new_secret())
        return user

    return make


def signed_in(user: User) -> Client:
    """A client whose session proved both factors."""
    client = Client(REMOTE_ADDR="192.0.2.1")
    client.force_login(user, backend=signin.BACKEND)
    session = client.session
    factor = factors.totp_of(user)
    session[gate.FACTOR] = factor.pk if factor else None
    session.save()
    return client


@pytest.fixture
def cleo(hire: Hire) -> User:
    return hire(Role.ADMINISTRATOR, email=f"cleo-{uuid.uuid4().hex[:6]}@staff.example")


@pytest.fixture
def desk(cleo: User) -> Client:
    """Cleo, an administrator, at her desk."""
    return signed_in(cleo)


@pytest.fixture
def main_store(programme: Programme) -> Store:
    return policies.store("main")
