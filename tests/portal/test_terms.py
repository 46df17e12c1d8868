"""The terms in the portal: for everybody to read, for members to accept, a part of joining."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from loyalty import clock
from members import identities, terms
from members.models import Member, TermsAcceptance
from tests.members.test_terms import CHANGES, MORE, published
from tests.portal.conftest import newest_code


def join(client: Client, **more):
    return client.post("/join/", {"name": "Eve", "email": "eve@example.org", **more})


def test_everybody_may_read_them(programme, client):
    assert "no written terms" in client.get("/terms/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    published()
    page = client.get("/terms/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "<h2>Points</h2>" in page and "<b>not</b>" in page and "Accept version" not in page
    assert "お金ではありません" in client.get("/terms/", HTTP_ACCEPT_LANGUAGE="ja").content.decode()
    assert client.get("/terms/1/").status_code == 200 and client.get("/terms/9/").status_code == 404


def test_nobody_joins_without_accepting_them(programme, client):
    published()
    refused = join(client)
    assert refused.status_code == 422 and 'id="terms-e"' in refused.content.decode()
    assert join(client, terms="2").status_code == 422
    assert join(client, terms="1").status_code == 302
    client.post("/sign-in/code/", {"code": newest_code()})
    eve = identities.find(email="eve@example.org")
    row = TermsAcceptance.objects.get(member=eve)
    assert (row.terms.version, row.place, row.source) == (1, "portal", "member")


def test_without_terms_joining_asks_nothing(programme, client):
    assert 'name="terms"' not in client.get("/join/").content.decode()
    assert join(client).status_code == 302


def test_a_quiet_line_reminds_until_the_new_version_is_accepted(world, as_member):
    ada = Member.objects.get(pk=world.ada.pk)
    client = as_member(ada)
    assert "terms-due" not in client.get("/").content.decode()
    published()
    assert "terms-due" in client.get("/").content.decode()
    assert "terms-due" not in client.get("/terms/").content.decode()
    assert client.post("/terms/", {"version": "1"}).status_code == 302
    assert "terms-due" not in client.get("/").content.decode()
    assert "terms/1/" in client.get("/profile/").content.decode()
    two = published(MORE, CHANGES, valid_from=clock.now() + timedelta(days=40))
    page = client.get("/terms/").content.decode()
    assert "terms-due" in client.get("/").content.decode() and f'value="{two.version}"' in page
    assert "/terms/1/" in page
    client.post("/terms/", {"version": "2"})
    assert [row.terms.version for row in terms.accepted(ada.pk)] == [2, 1]


@pytest.mark.parametrize("version", ["", "9", "x", "1' OR 1=1", "99999999999999"])
def test_only_a_published_version_can_be_accepted(world, as_member, version):
    published()
    assert as_member(Member.objects.get(pk=world.ada.pk)).post("/terms/", {"version": version}).status_code == 302
    assert not TermsAcceptance.objects.exists()
