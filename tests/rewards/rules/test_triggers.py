"""What is not a sale: enrolment, birthdays, referrals, activities of any kind."""

from datetime import timedelta
from uuid import UUID

import pytest

from rewards import rules

from .worked import SUNDAY, base, bonus, programme, times, when

WELCOME = bonus(200, "welcome", trigger="member.enrolled")
CYCLING = bonus(20, "cycling", trigger="activity:bike_visit", caps={"per_day": 20})


def answer(document, trigger, *, data=None, store="", **facts):
    occurrence = rules.Occurrence(trigger, SUNDAY, store=store, data=data or {})
    return rules.answer(occurrence, rules.Facts(**facts), rules.compile(document))


def test_only_rules_with_its_trigger_answer():
    document = programme(base(), WELCOME, CYCLING)
    assert answer(document, "member.enrolled").granted == {"welcome": 200}
    assert answer(document, "activity:bike_visit").granted == {"cycling": 20}
    assert answer(document, "birthday").points == 0


def test_the_receipt_of_an_occurrence_has_no_lines():
    decision = answer(programme(base(), WELCOME), "member.enrolled", tiers={"status": "gold"})
    assert decision.body() == {
        "trigger": "member.enrolled",
        "tier_used": "gold",
        "facts": {},
        "basis": {"amount": "0.00", "lines": []},
        "rules": [
            {"rule": "welcome", "version": 1, "points": 200, "exact": "200", "rounding": "floor", "lines": []},
        ],
        "lines": [],
        "lots": [{"points": 200, "available_at": "2026-11-22T01:00:00+00:00", "expires_at": None}],
        "carried": "0.00",
        "not_applied": [],
        "caps": [],
    }


def test_caps_of_a_day_hold_for_activities():
    used = {"cycling": rules.Granted(today=15, member=300)}
    assert answer(programme(CYCLING), "activity:bike_visit", granted=used).points == 5


def test_without_a_member_nothing_is_earned():
    decision = rules.answer(
        rules.Occurrence("birthday", SUNDAY), None, rules.compile(programme(bonus(1, trigger="birthday")))
    )
    assert (decision.points, decision.lots) == (0, [])
    assert decision.not_applied == [{"rule": "bonus", "why": "no_member"}]


def test_a_multiplier_of_the_same_trigger_multiplies_what_comes_before_it():
    early = bonus(20, "visit", trigger="activity:bike_visit", before_multipliers=True)
    document = programme(
        base(), early, times("2", trigger="activity:bike_visit", when=when("member.tier", "=", "gold"))
    )
    assert answer(document, "activity:bike_visit", tiers={"status": "gold"}).granted == {"visit": 20, "times": 20}
    assert answer(document, "activity:bike_visit").granted == {"visit": 20}


def test_both_sides_of_a_referral():
    referral = {"code": "friends", "kind": "referral", "referrer": 300, "friend": 100, "wait_days": 14}
    document = programme(referral)
    assert answer(document, "referral.referrer").granted == {"friends": 300}
    assert answer(document, "referral.friend").granted == {"friends": 100}
    found = rules.compile(document)
    assert [rule.wait_days for rules_ in found.triggered.values() for rule in rules_] == [14, 14]
    assert found.rules == ()


def test_one_side_of_a_referral():
    document = programme({"code": "friends", "kind": "referral", "referrer": 300})
    assert answer(document, "referral.friend").points == 0


def test_stamps_and_streaks_of_activities():
    card = {"code": "card", "kind": "stamps", "buy": 5, "reward": "cup", "trigger": "activity:repair"}
    often = {"code": "often", "kind": "streak", "times": 2, "within_days": 7, "points": 9, "trigger": "activity:repair"}
    before = {
        "card": rules.Progress(count_milli=4000),
        "often": rules.Progress(times=(SUNDAY - timedelta(days=2),)),
    }
    decision = answer(programme(card, often), "activity:repair", progress=before)
    assert (decision.points, decision.rewards) == (9, ["cup"])
    assert decision.progress == {"card": rules.Progress(), "often": rules.Progress()}
    first = answer(programme(card, often), "activity:repair")
    assert first.progress == {"card": rules.Progress(count_milli=1000), "often": rules.Progress(times=(SUNDAY,))}
    assert first.body()["progress"] == [
        {"rule": "card", "count": 1, "of": 5},
        {"rule": "often", "count": 1, "of": 2},
    ]


@pytest.mark.parametrize(("km", "points"), [(12, 20), (12.5, 20), (9, 0), ("far", 0), (None, 0)])
def test_conditions_on_what_was_sent_with_an_activity(km, points):
    rule = bonus(20, trigger="activity:ride", when=when("activity.km", ">=", 10))
    decision = answer(programme(rule), "activity:ride", data={"km": km})
    assert decision.points == points
    if not points:
        assert decision.not_applied == [{"rule": "bonus", "why": "km", "wanted": ">= 10", "was": ""}]  # never its value


def test_campaigns_hold_for_occurrences_too():
    campaign = {"code": "may", "stores": ["umeda"], "budget": {"points": 30}, "rules": [WELCOME]}
    document = programme(campaigns=[campaign])
    decision = answer(document, "member.enrolled", store="umeda")
    assert decision.granted == {"welcome": 30, "campaign:may": 30}
    assert answer(document, "member.enrolled").points == 0


def test_progress_is_kept_as_json():
    kept = rules.Progress(count_milli=2500, times=(SUNDAY, SUNDAY + timedelta(days=1)), skus=("A", "B"))
    assert rules.Progress.of(kept.body()) == kept
    assert rules.Progress.of({}) == rules.Progress()
    assert not rules.Progress()


def test_buckets_are_permanent_and_even():
    assert rules.bucket(UUID(int=0)) == 4069  # sha256 of sixteen zero bytes: 374708fff7719dd5…, modulo 10,000
    counts = [0] * 10
    for number in range(10_000):
        counts[rules.bucket(UUID(int=number)) // 1000] += 1
    assert all(850 < count < 1150 for count in counts)
