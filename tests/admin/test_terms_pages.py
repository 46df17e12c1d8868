"""The terms on the staff side: write, compare, publish, and see who accepted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loyalty import clock
from loyalty.models import Role
from members import terms
from members.models import Terms

from .conftest import signed_in

FORM = {"text_en": "# Points\nNot money.", "text_ja": "# ポイント\nお金ではありません。", "notice_days": "30"}


@pytest.fixture
def marketer(hire):
    return signed_in(hire(Role.MARKETER))


def publish(client, where, day):
    seen = client.get(where).context["seen"]
    asked = client.post(where, {"publish": "1", "seen": seen, "day": day.isoformat()})
    if asked.status_code != 200 or "for good" not in asked.content.decode():
        return asked
    return client.post(where, {"publish": "1", "sure": "1", "seen": seen, "day": day.isoformat()})


def test_a_version_is_written_compared_and_published(ada, marketer):
    assert "No terms yet" in marketer.get("/staff/terms/").content.decode()
    where = marketer.post("/staff/terms/")["Location"]
    marketer.post(where, FORM)
    today = clock.now().date()
    assert publish(marketer, where, today).status_code == 302
    assert terms.current().texts["en"] == "# Points\nNot money."
    where = marketer.post("/staff/terms/")["Location"]
    marketer.post(
        where, {**FORM, "text_en": "# Points\nStill not money.", "changes_en": "A word.", "changes_ja": "一語。"}
    )
    page = marketer.get(where).content.decode()
    assert "<ins>Still not money.</ins>" in page and "<del>Not money.</del>" in page
    assert (
        "It cannot hold before"
        in marketer.post(
            where, {"publish": "1", "seen": marketer.get(where).context["seen"], "day": today.isoformat()}
        ).content.decode()
    )
    publish(marketer, where, today + timedelta(days=31))
    assert terms.coming().version == 2
    terms.accept(member=ada, version=2, place="portal", source="member")
    page = marketer.get(where).content.decode()
    assert "accepted by <b>1</b> (100 % of 1 active members)" in page and "Save the draft" not in page


def test_only_who_may_write_writes(ada, marketer, hire):
    where = marketer.post("/staff/terms/")["Location"]
    auditor = signed_in(hire(Role.AUDITOR))
    assert auditor.get(where).status_code == 200 and "Save the draft" not in auditor.get(where).content.decode()
    assert auditor.post(where, FORM).status_code == 403 and auditor.post("/staff/terms/").status_code == 403
    assert Terms.objects.get().texts == {}


def test_markup_of_staff_is_text(ada, marketer):
    where = marketer.post("/staff/terms/")["Location"]
    marketer.post(where, {**FORM, "text_en": "<img src=x onerror=alert(1)>"})
    assert "<img src=x" not in marketer.get(where).content.decode()
