"""Dates of points: CONTRACT Meaning 8, worked by hand."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from rewards import rules
from rewards.rules.lots import Expiry, Pending

ROLLING = [
    ({"months": 1}, "2026-01-25", "2026-02-25"),
    ({"months": 1}, "2026-01-31", "2026-02-28"),
    ({"months": 1}, "2028-01-31", "2028-02-29"),
    ({"months": 1}, "2026-11-30", "2026-12-30"),
    ({"months": 1}, "2026-02-28", "2026-03-28"),
    ({"months": 0}, "2026-02-28", "2026-02-28"),
    ({"months": 12}, "2024-02-29", "2025-02-28"),
    ({"months": 12, "round_up_to": "month"}, "2026-08-31", "2027-08-31"),
    ({"months": 12, "round_up_to": "month"}, "2026-11-22", "2027-11-30"),
    ({"months": 0, "round_up_to": "month"}, "2026-02-01", "2026-02-28"),
    ({"months": 0, "round_up_to": "quarter"}, "2026-02-01", "2026-03-31"),
    ({"months": 0, "round_up_to": "half_year"}, "2026-02-01", "2026-06-30"),
    ({"months": 0, "round_up_to": "half_year"}, "2026-07-01", "2026-12-31"),
    ({"months": 0, "round_up_to": "year"}, "2026-02-01", "2026-12-31"),
    ({"months": 6, "round_up_to": "year"}, "2026-08-01", "2027-12-31"),
    ({"days": 90}, "2026-01-01", "2026-04-01"),
    ({"days": 0}, "2026-01-01", "2026-01-01"),
    ({"days": 1, "round_up_to": "month"}, "2026-01-31", "2026-02-28"),
]


@pytest.mark.parametrize(("expiry", "start", "last"), ROLLING)
def test_the_last_day_on_which_points_count(expiry, start, last):
    assert Expiry(kind="rolling", **expiry).last_day(date.fromisoformat(start)) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("start", "last"),
    [
        ("2026-01-01", "2026-03-31"),
        ("2026-03-31", "2026-03-31"),
        ("2026-04-01", "2027-03-31"),
        ("2027-04-01", "2027-09-30"),
    ],
)
def test_fixed_dates(start, last):
    expiry = Expiry(kind="fixed", dates=("03-31", "2027-09-30"))
    assert expiry.last_day(date.fromisoformat(start)) == date.fromisoformat(last)


def test_points_that_never_expire():
    assert Expiry().last_day(date(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("zone", "instant", "expires"),
    [
        ("Asia/Tokyo", "2026-11-22T23:59:59+09:00", "2026-11-23T15:00:00+00:00"),
        ("Asia/Tokyo", "2026-11-23T00:00:00+09:00", "2026-11-24T15:00:00+00:00"),
        ("America/New_York", "2026-11-22T12:00:00-05:00", "2026-11-24T05:00:00+00:00"),
        ("UTC", "2026-11-22T00:00:00+00:00", "2026-11-24T00:00:00+00:00"),
        (
            "America/Sao_Paulo",
            "2018-11-02T12:00:00-03:00",
            "2018-11-04T03:00:00+00:00",
        ),  # 4 Nov has no midnight
    ],
)
def test_points_count_through_the_whole_last_day(zone, instant, expires):
    found = Expiry(kind="rolling", days=1).expires_at(datetime.fromisoformat(instant), ZoneInfo(zone))
    assert found == datetime.fromisoformat(expires)


def test_pending_ends_at_a_local_midnight():
    tokyo = ZoneInfo("Asia/Tokyo")
    sold = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)  # 23:30 in Tokyo
    assert Pending(14).available_at(sold, tokyo) == datetime(2026, 12, 5, 15, tzinfo=UTC)
    assert Pending().available_at(sold, tokyo) == sold


def test_what_a_factor_below_one_takes_off_is_taken_off_the_lots_of_its_bases():
    document = {
        "rules": [
            {"code": "base", "kind": "per_amount", "points": 1, "per": "1", "pending": {"days": 14}},
            {"code": "half", "kind": "multiplier", "factor": "0.5", "of": ["base"]},
            {"code": "six", "kind": "fixed", "points": 6},
        ]
    }
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    basket = rules.Basket(lines=(rules.Line(1, 1000),), occurred_at=at, currency="USD")
    decision = rules.decide(basket, rules.Facts(), rules.compile(document))
    assert decision.points == 11
    assert [(lot.points, lot.available_at) for lot in decision.lots] == [
        (6, at),
        (5, datetime(2026, 12, 6, tzinfo=UTC)),
    ]
