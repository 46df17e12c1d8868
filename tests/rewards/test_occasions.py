"""What the programme notices itself: joining, a complete profile, birthdays, friends. Each is answered once."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from loyalty import books, clock, outbox
from loyalty.errors import Refusal
from loyalty.models import Entry
from members import enrolment, locks, profile
from members import referrals as codes
from members.models import Activity, Member, Referral
from rewards import birthdays, occasions, referrals
from rewards.models import Occasion

from .conftest import PROGRAMME, apply, balance, settings_with

WELCOME = {"code": "welcome", "trigger": "member.enrolled", "kind": "fixed", "points": 200}
COMPLETE = {"code": "complete", "trigger": "profile.complete", "kind": "fixed", "points": 30}
BIRTHDAY = {"code": "birthday", "trigger": "birthday", "kind": "fixed", "points": 150}
FRIENDS = {"code": "friends", "kind": "referral", "referrer": 300, "friend": 100, "wait_days": 14}


@pytest.fixture(autouse=True)
def books_balance(db):
    yield
    assert books.check().problems == []


def use(*rules, **more):
    apply(rules=[*PROGRAMME["rules"], *rules], **more)


def join(name="ada", **more):
    return enrolment.enrol(email=f"{name}@example.com", actor="test", **more)


def settle():
    outbox.drain()
    referrals.settle_all()
    occasions.answer_due()


@pytest.fixture
def travel():
    """Set the clock."""
    with time_machine.travel(datetime(2025, 1, 1, tzinfo=UTC), tick=False) as traveller:
        yield lambda *moment: traveller.move_to(datetime(*moment, tzinfo=UTC))


def test_joining_gives_points_once_however_often_the_fact_is_handled(db):
    use(WELCOME)
    ada = join()
    for _ in range(3):
        settle()
        occasions.note(
            [Occasion(member=ada, trigger="member.enrolled", reference=str(ada.pk), occurred_at=ada.enrolled_at)]
        )
    assert (balance(ada)["total"], Entry.objects.count(), Activity.objects.count()) == (200, 1, 1)
    activity, entry = Activity.objects.get(), Entry.objects.get()
    assert (activity.kind, activity.client, activity.occurred_at) == ("member.enrolled", None, ada.enrolled_at)
    assert (entry.reference, entry.actor, entry.kind) == (f"activity:{activity.pk}", "system:rules", "earn")


def test_without_a_rule_nothing_is_noted(db):
    use()
    join(name="ada")
    settle()
    assert (Occasion.objects.count(), Activity.objects.count()) == (0, 0)


def test_an_occasion_that_fails_is_tried_again_and_holds_up_no_other(db, monkeypatch):
    use(WELCOME)
    ada, ben = join("ada"), join("ben")
    real = occasions.activity.answer

    def fails_for_ada(**given):
        if given["member"] == ada.pk:
            raise ValueError("not today")
        return real(**given)

    monkeypatch.setattr(occasions.activity, "answer", fails_for_ada)
    settle()
    assert (balance(ada)["total"], balance(ben)["total"]) == (0, 200)
    waiting = Occasion.objects.get(done_at=None)
    assert (waiting.attempts, waiting.due_at > clock.now()) == (1, True)
    monkeypatch.setattr(occasions.activity, "answer", real)
    Occasion.objects.update(due_at=clock.now())
    settle()
    assert balance(ada)["total"] == 200


def test_a_profile_is_rewarded_when_it_becomes_complete_and_not_again(db):
    use(COMPLETE)
    ada = join(name="ada")
    settle()
    assert balance(ada)["total"] == 0
    for change in ({"name": "Ada"}, {"birthday": date(1990, 5, 4)}, {"birthday": None}, {"birthday": date(1990, 5, 5)}):
        profile.change(member=locks.lock(id=ada.pk).member, actor="member", **change)
    settle()
    assert balance(ada)["total"] == 30
    whole = enrolment.enrol(email="ben@example.com", name="Ben", birthday=date(1990, 1, 1), actor="test")
    settle()
    assert balance(whole)["total"] == 30


def test_a_birthday_is_of_the_programmes_zone_and_once_a_year(travel, db):
    travel(2025, 1, 1)
    use(BIRTHDAY)
    ada = join("ada", birthday=date(1990, 3, 10))
    travel(2026, 3, 10, 3, 59)  # 22:59 of the 9th in New York
    birthdays.note_all()
    settle()
    assert balance(ada)["total"] == 0
    travel(2026, 3, 10, 4, 1)
    for _ in range(3):
        birthdays.note_all()
        settle()
    assert balance(ada)["total"] == 150
    assert Entry.objects.get().occurred_at == datetime(2026, 3, 10, 4, tzinfo=UTC)
    profile.change(member=locks.lock(id=ada.pk).member, actor="member", birthday=date(1990, 3, 11))
    travel(2026, 3, 11, 12)
    birthdays.note_all()
    settle()
    assert balance(ada)["total"] == 150  # once a year, whatever is told
    travel(2027, 3, 11, 12)
    birthdays.note_all()
    settle()
    assert balance(ada)["total"] == 300


@pytest.mark.parametrize(("year", "day"), [(2026, 28), (2028, 29)])
def test_who_was_born_on_29_february_celebrates_the_28th_in_common_years(travel, db, year, day):
    travel(2025, 1, 1)
    use(BIRTHDAY)
    ada = join("ada", birthday=date(2000, 2, 29))
    for today in (27, 28, *([29] if year == 2028 else [])):
        travel(year, 2, today, 12)
        birthdays.note_all()
        settle()
        assert balance(ada)["total"] == (150 if today >= day else 0)
    travel(year, 3, 1, 12)
    birthdays.note_all()
    settle()
    assert balance(ada)["total"] == 150


def test_days_without_a_run_are_made_up_for_but_nobody_gains_by_telling_a_birthday_late(travel, db):
    travel(2026, 3, 1, 12)
    use(BIRTHDAY)
    birthdays.note_all()
    ada = join("ada", birthday=date(1990, 3, 5))
    travel(2026, 3, 8, 12)
    birthdays.note_all()
    ben = join("ben", birthday=date(1990, 3, 6))
    today = join("today", birthday=date(1990, 3, 8))
    birthdays.note_all()
    settle()
    assert [balance(who)["total"] for who in (ada, ben, today)] == [150, 0, 150]


def test_a_friend_and_who_brought_them_get_points_after_the_days_to_wait(travel, till, ada):
    travel(2026, 3, 1, 12)
    use(FRIENDS)
    friend = join("ben", referral_code=codes.code_of(ada).lower())
    till.member = friend
    settle()
    travel(2026, 3, 2, 12)
    till.sell("10.00", "R-1")
    settle()
    travel(2026, 3, 16, 3, 59)  # a minute before the midnight that begins the 14th day after the 2nd
    settle()
    assert (balance(ada)["total"], balance(friend)["total"]) == (0, 10)
    travel(2026, 3, 16, 5)
    till.sell("10.00", "R-2")
    for _ in range(3):
        settle()
    assert (balance(ada)["total"], balance(friend)["total"]) == (300, 120)
    assert Referral.objects.get().settled_at is not None
    assert sorted(Activity.objects.values_list("kind", "reference")) == [
        ("referral.friend", str(friend.pk)),
        ("referral.referrer", str(friend.pk)),
    ]


def test_a_second_run_of_both_sides_changes_nothing(till, ada):
    use({**FRIENDS, "wait_days": 0})
    friend = join("ben", referral_code=codes.code_of(ada))
    till.member = friend
    till.sell("10.00")
    settle()
    Referral.objects.update(settled_at=None)
    Occasion.objects.update(done_at=None)
    settle()
    assert (balance(ada)["total"], balance(friend)["total"], Entry.objects.count()) == (300, 110, 3)


@pytest.mark.parametrize(
    ("newcomer", "code"),
    [
        ({"email": "ada+friend@example.com"}, "own_referral"),
        ({"email": "a@b.example", "name": "ADA Lovelace", "birthday": date(1990, 3, 5)}, "own_referral"),
        ({"email": "a@b.example", "code": "NOBODY"}, "referral_not_found"),
    ],
)
def test_nobody_brings_themselves_and_unknown_codes_are_refused(ada, newcomer, code):
    profile.change(member=locks.lock(id=ada.pk).member, actor="member", birthday=date(1990, 3, 5))
    known = newcomer.pop("code", None) or codes.code_of(ada)
    with pytest.raises(Refusal) as refused:
        enrolment.enrol(actor="test", referral_code=known, **newcomer)
    assert refused.value.code == code
    assert (Member.objects.count(), Referral.objects.count()) == (1, 0)


def test_a_referral_without_a_rule_gives_nothing_even_if_one_comes_later(till, ada):
    friend = join("ben", referral_code=codes.code_of(ada))
    till.member = friend
    till.sell("10.00")
    settle()
    use({**FRIENDS, "wait_days": 0})
    settle()
    assert (balance(ada)["total"], balance(friend)["total"]) == (0, 10)


def test_a_campaign_decides_about_triggers_too(db):
    use(
        settings=settings_with(),
        campaigns=[{"code": "start", "budget": {"points": 250}, "rules": [WELCOME]}],
    )
    totals = []
    for name in ("ada", "ben", "cleo"):
        member = join(name)
        settle()
        totals.append(balance(member)["total"])
    assert totals == [200, 50, 0]
    assert timedelta(0) < clock.now() - Activity.objects.latest("recorded_at").recorded_at
