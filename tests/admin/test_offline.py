"""Offline tills on the staff side: what was refused, who may settle it, and how far each till is."""

from __future__ import annotations

import pytest
from django.urls import reverse

from loyalty.api import auth
from loyalty.models import ApiClient, AuditRecord, Role
from rewards import offline
from rewards.models import OfflineConflict, OfflineDevice

from .conftest import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def conflict(programme) -> OfflineConflict:
    """A sale of the harbour store that named nobody, sent by till-3."""
    auth.issue(name="till", scopes=["sales"])
    refused = [
        offline.Refused("t3-4", "member_not_found", "No such member", 4, "harbour", "R-4", "12.50"),
        offline.Refused("t3-9", "something_new", "<b>What the till was told</b>", 9, "main", "R-9"),
    ]
    offline.uploaded(
        client=ApiClient.objects.get(), device="till-3", last_sequence=9, applied=["t3-1"], replayed=0, refused=refused
    )
    return OfflineConflict.objects.get(key="t3-4")


def page_of(row) -> str:
    return reverse(f"admin:rewards_{row._meta.model_name}_change", args=[row.pk])


def test_it_says_why_in_words_and_in_japanese(conflict, hire):
    person = signed_in(hire(Role.SUPPORT))
    listed = person.get(reverse("admin:rewards_offlineconflict_changelist")).content.decode()
    assert "The till named a member nobody knows" in listed
    assert "&lt;b&gt;What the till was told&lt;/b&gt;" in listed
    person.post(reverse("admin:language"), {"language": "ja", "next": "/staff/"})
    shown = person.get(page_of(conflict)).content.decode()
    assert "端末が送った会員が見つかりません" in shown
    assert "レシート R-4 は受け付けられませんでした" in shown


def test_it_is_settled_once_with_a_reason(conflict, hire):
    person = signed_in(hire(Role.SUPPORT))
    assert person.post(page_of(conflict), {"reason": " "}).status_code == 400
    assert person.post(page_of(conflict), {"reason": "Keyed in by hand"}).status_code == 302
    conflict.refresh_from_db()
    assert (conflict.state, conflict.reason) == ("settled", "Keyed in by hand")
    shown = person.get(page_of(conflict)).content.decode()
    assert "Keyed in by hand" in shown
    assert "<button" not in shown.partition('id="h-settle"')[2]
    assert AuditRecord.objects.filter(action="offline_conflict.settled").count() == 1


def test_who_may_only_look_settles_nothing(conflict, hire):
    auditor = signed_in(hire(Role.AUDITOR))
    assert "h-settle" not in auditor.get(page_of(conflict)).content.decode()
    auditor.post(page_of(conflict), {"reason": "mine"})
    conflict.refresh_from_db()
    assert conflict.state == "open"


def test_a_store_sees_its_own(conflict, hire):
    manager = signed_in(hire(Role.MANAGER, store="harbour"))
    listed = manager.get(reverse("admin:rewards_offlineconflict_changelist")).content.decode()
    assert "R-4" in listed
    assert "R-9" not in listed
    assert manager.get(page_of(OfflineConflict.objects.get(key="t3-9"))).status_code == 404
    other = signed_in(hire(Role.MANAGER, store="main"))
    assert "R-4" not in other.get(reverse("admin:rewards_offlineconflict_changelist")).content.decode()


def test_a_till_shows_its_gaps_and_what_waits(conflict, hire):
    shown = signed_in(hire(Role.FINANCE)).get(page_of(OfflineDevice.objects.get())).content.decode()
    assert "5–8" in shown
    assert "2 items" in shown
