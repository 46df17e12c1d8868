"""What the pages say about points, tiers and choices."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from loyalty import clock
from members import consent, enrolment, locks
from members.models import Message
from tests.portal import data
from tests.portal.test_pages import Reading, speaking


def words(reply) -> str:
    """The text of a page."""
    return " ".join(Reading(reply.content.decode()).text)


def test_home_shows_card_balance_expiry_tier_and_reasons(world, as_member):
    speaking(world.ada, "en")
    text = words(as_member(world.ada).get("/"))
    assert "9801 2345 6789 0128" in text
    assert "1,268 points worth ¥1,268" in text
    assert "142 points expire on" in text
    assert "30 more points become available on" in text
    assert "¥33,640 to Platinum" in text
    assert "1 point per ¥100: 12, Gold ×2: +12. Some lines not counted" in text
    assert "+24 balance" in text


def test_a_receipt_counts_lines_rules_and_what_did_not_count(world, as_member):
    speaking(world.ada, "en")
    text = words(as_member(world.ada).get("/activity/"))
    receipt = (
        "深煎り ケニア 200g ¥900 ペーパーフィルター ¥300 What counts ¥1,200 1 point per ¥100 12 Gold ×2 +12 "
        "Points earned +24 ギフトカード ¥3,000 This kind of item does not count 0 "
        "Online bonus In another way of buying 0"
    )
    assert receipt in text


def test_a_purchase_without_points_is_shown_with_its_reason(world, as_member):
    speaking(world.ada, "en")
    client = as_member(world.ada)
    text = words(client.get("/activity/"))
    assert "Receipt number N1-0416" in text
    assert "Receipt number N1-0416" not in words(client.get("/activity/?show=spent"))


def test_a_spending_says_from_which_lots_it_took(world, as_member):
    speaking(world.ada, "en")
    text = words(as_member(world.ada).get("/activity/?show=spent"))
    assert "Points used First from points that expire on" in text
    assert "−120" in text


def test_a_debt_is_said_with_its_cause(world, as_member):
    client = as_member(world.ben)
    text = words(client.get("/"))
    assert "−120 points" in text
    assert "120 points are to be paid back." in text
    assert "Goodwill" in words(client.get("/activity/?show=other"))


def test_the_first_home_shows_how_it_begins(world, as_member):
    text = words(as_member(world.eve).get("/"))
    assert "How it begins" in text
    assert "Recent activity" not in text


def test_pages_of_the_activity_show_every_entry_once(world, as_member, monkeypatch):
    monkeypatch.setattr("rewards.portal.activity.PAGE", 3)
    client, seen, address = as_member(world.ada), [], "/activity/"
    while address:
        reply = client.get(address)
        seen += [row.key for row in reply.context["rows"]]
        older = reply.context["older"]
        address = f"/activity/?before={older}" if older else ""
    entries = [key for key in seen if key.startswith("e")]
    assert entries == [f"e{number}" for number in range(len(entries), 0, -1)]
    assert len(seen) == len(set(seen))
    assert len([key for key in seen if key.startswith("s")]) == 1


def test_the_csv_adds_up_and_holds_no_formula(world, as_member):
    account = locks.lock(id=world.ada.pk).account
    reply = as_member(world.ada).get("/activity.csv")
    rows = list(csv.reader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert sum(int(row[4]) for row in rows[1:]) == int(rows[-1][5]) == account.total
    assert not [cell for row in rows for cell in row[2:4] if cell.startswith(("=", "+", "@"))]


def test_a_switch_acts_at_once_and_remembers_date_and_place(world, as_member):
    speaking(world.ada, "en")
    client = as_member(world.ada)
    assert "in a shop" in words(client.get("/profile/"))
    reply = client.post("/profile/", {"choice": "marketing-email", "given": "0"}, follow=True)
    assert "Offers by e-mail: off." in words(reply)
    assert consent.current(world.ada.pk)[("marketing", "email")] is False
    assert words(client.get("/profile/choices/")).count("Offers by e-mail") == 2
    client.post("/profile/", {"choice": "made-up", "given": "1"})
    assert len(consent.history(world.ada.pk)) == 2


def test_a_name_is_changed_and_its_tags_stay_text(world, as_member):
    client = as_member(world.eve)
    client.post("/profile/edit/", {"name": "<script>alert(1)</script>", "language": "en"})
    html = client.get("/").content.decode()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert client.post("/profile/edit/", {"name": " ", "language": "en"}).status_code == 422


def test_opening_a_message_marks_it_read_and_that_can_be_undone(world, as_member):
    client = as_member(world.eve)
    letter = Message.objects.get(member=world.eve, channel="inbox")
    assert '<b>1</b><span class="sr">new message</span>' in client.get("/").content.decode()
    assert letter.subject in words(client.get(f"/inbox/{letter.pk}/"))
    letter.refresh_from_db()
    assert letter.read_at is not None
    client.post(f"/inbox/{letter.pk}/unread/")
    letter.refresh_from_db()
    assert letter.read_at is None


def test_all_messages_of_one_member_can_be_marked_read(world, as_member):
    unread = Message.objects.filter(channel="inbox", read_at=None)
    others = unread.exclude(member=world.ada).count()
    assert unread.filter(member=world.ada).count() > 3
    as_member(world.ada).post("/inbox/read/")
    assert (unread.filter(member=world.ada).count(), unread.count()) == (0, others)


def test_tiers_say_where_i_am_and_what_is_missing(world, as_member):
    speaking(world.ada, "en")
    text = words(as_member(world.ada).get("/tiers/"))
    assert "Gold since" in text
    assert "So far ¥116,360 of ¥150,000." in text
    assert "Return so much that less than ¥80,000 is left Silver or lower, at once" in text


def test_a_programme_without_tiers_rules_or_rewards_still_has_pages(db, as_member):
    eve = enrolment.enrol(name="Eve", email="eve@example.com", language="en", actor="test")
    client = as_member(eve)
    for address in ("/", "/activity/", "/card/", "/rewards/", "/events/", "/inbox/", "/tiers/", "/profile/"):
        assert client.get(address).status_code == 200
    assert "This programme has no tiers" in words(client.get("/tiers/"))


def test_old_entries_carry_their_year(programme, as_member):
    ada = enrolment.enrol(
        name="Ada", email="ada@example.com", language="en", actor="test", occurred_at=datetime(1997, 1, 5, tzinfo=UTC)
    )
    data.sell(ada, "OLD-1", datetime(1998, 3, 12, 9, tzinfo=UTC), [("CD", 1_500)])
    text = words(as_member(ada).get("/activity/"))
    assert clock.now().year > 1998
    assert "March 1998 12 Mar 1998 Nakameguro shop" in text


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_reading_pages_refuse_other_methods(world, as_member, method):
    assert getattr(as_member(world.ada), method)("/card/").status_code == 405


def test_pages_answer_head_as_get(world, as_member):
    client: Client = as_member(world.ada)
    for address in ("/", "/card/", "/activity/", "/sign-in/"):
        assert client.head(address).status_code == client.get(address).status_code
