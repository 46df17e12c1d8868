"""What could never be, and what says less than it seems to."""

from __future__ import annotations

import pytest

from rewards import programme_file

from .programmes import SMALL, said, small

pytestmark = pytest.mark.django_db
BASE = SMALL["rules"][0]
TUESDAY = {"from": "2026-12-01T00:00:00Z", "until": "2026-12-02T00:00:00Z"}
NIGHT = {"hours": ["22:00", "02:00"]}


def rule(**more):
    return {"code": "extra", "kind": "fixed", "points": 5, **more}


def on(field, op, value):
    return {"field": field, "op": op, "value": value}


def when(*rows):
    return {"all": list(rows)}


def campaign(window, **more):
    return small(campaigns=[{"code": "c", "window": window, "rules": [rule(**more)]}])


SUNDAYS, WEEKDAY = on("time.weekday", "in", [7]), "campaigns[0].window.weekdays"
HOURS, WHEN = "campaigns[0].window.hours", "campaigns[0].rules[0].when"
# window of the campaign, what its rule says → where it is never in force, or nowhere
WINDOWS = [
    ({**TUESDAY, "weekdays": [7]}, {}, WEEKDAY),
    ({**TUESDAY, "weekdays": [2, 7]}, {}, None),
    ({**TUESDAY, "until": "2026-12-06T00:00:00Z", "weekdays": [7]}, {}, WEEKDAY),
    ({**TUESDAY, "until": "2026-12-06T00:00:01Z", "weekdays": [7]}, {}, None),
    ({"from": "2026-12-01T12:00:00Z", "until": "2026-12-01T13:00:00Z", "hours": ["13:00", "14:00"]}, {}, HOURS),
    ({"from": "2026-12-01T12:00:00Z", "until": "2026-12-01T13:00:01Z", "hours": ["13:00", "14:00"]}, {}, None),
    ({"from": "2026-12-01T12:30:00Z", "until": "2026-12-01T12:31:00Z", "hours": ["12:00", "12:31"]}, {}, None),
    ({**TUESDAY, **NIGHT, "weekdays": [1]}, {}, None),  # Monday's night ends on Tuesday
    ({**TUESDAY, **NIGHT, "weekdays": [3]}, {}, WEEKDAY),
    ({**TUESDAY, "from": "2026-12-01T03:00:00Z", **NIGHT, "weekdays": [1]}, {}, WEEKDAY),
    ({"weekdays": [7], "from": "2026-12-01T00:00:00Z"}, {}, None),
    ({"weekdays": [7], "hours": ["10:00", "10:01"]}, {}, None),
    ({"weekdays": [2]}, {"when": when(SUNDAYS)}, f"{WHEN}.all[0].value"),
    ({"weekdays": [2]}, {"when": {"any": [SUNDAYS, on("basket.amount", ">", "1")]}}, None),
    ({"weekdays": [2]}, {"when": {"any": [SUNDAYS, on("time.weekday", "=", 1)]}}, WHEN),
    (TUESDAY, {"when": when(on("basket.amount", ">", "1"), SUNDAYS)}, f"{WHEN}.all[1].value"),
    ({"hours": ["09:00", "12:00"]}, {"when": when(on("time.hour", ">=", 12))}, f"{WHEN}.all[0].value"),
    ({"hours": ["09:00", "12:01"]}, {"when": when(on("time.hour", ">=", 12))}, None),
    ({}, {"when": when(on("time.hour", "<", 9), on("time.hour", ">", 9))}, WHEN),
    ({}, {"when": when(on("time.date", "=", "2027-05-02"), SUNDAYS)}, None),
    ({}, {"when": when(on("time.date", "=", "2027-05-03"), SUNDAYS)}, WHEN),
    ({}, {"when": when(on("time.date", ">", "2027-05-03"), SUNDAYS)}, None),
    (TUESDAY, {"when": when(on("time.date", "=", "2026-12-02"))}, f"{WHEN}.all[0].value"),
    ({"weekdays": [7]}, TUESDAY, "campaigns[0].rules[0].until"),
    ({"weekdays": [7]}, {"from": TUESDAY["from"]}, None),
]


@pytest.mark.parametrize(("window", "more", "place"), WINDOWS)
def test_windows_that_contradict_each_other_are_named(window, more, place):
    found = programme_file.check_document(campaign(window, **more))
    assert [(one.place, one.code, one.severity) for one in found] == (
        [(place, "contradictory_window", "error")] if place else []
    )
    assert all(one.mend for one in found)


def test_windows_are_those_of_the_programme_s_zone():
    document = campaign({"from": "2026-11-30T15:00:00Z", "until": "2026-12-01T15:00:00Z", "weekdays": [2]})
    document["settings"] = {**SMALL["settings"], "timezone": "Asia/Tokyo"}
    assert said(document) == {}
    document["campaigns"][0]["window"]["weekdays"] = [1]
    assert said(document) == {WEEKDAY: "contradictory_window"}


def test_an_hour_that_clocks_skip_on_one_day_is_there_on_the_next():
    document = campaign({"from": "2026-03-08T00:00:00-05:00", "weekdays": [7], "hours": ["02:00", "03:00"]})
    document["settings"] = {**SMALL["settings"], "timezone": "America/New_York"}
    assert said(document) == {}
    document["campaigns"][0]["window"]["until"] = "2026-03-09T00:00:00-04:00"
    assert said(document) == {HOURS: "contradictory_window"}


def streak(**more):
    return {"code": "s", "kind": "streak", "points": 1, **more}


def times(**more):
    return {"code": "m", "kind": "multiplier", "factor": "2", **more}


def lines(include=None, exclude=None):
    return {"lines": {key: value for key, value in (("include", include), ("exclude", exclude)) if value}}


MAY, JUNE = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z"
LP, CD = {"skus": ["LP"]}, {"skus": ["CD"]}
EFFECTS = [
    ([BASE, streak(times=5, within_days=1, each="day")], "rules[1].times", "out_of_reach"),
    ([BASE, streak(times=5, within_days=5, each="day")], None, None),
    ([BASE, streak(times=5, within_days=1)], None, None),
    ([BASE, streak(times=3, within_days=9, each="day", **{"from": MAY, "until": "2026-05-03T00:00:00Z"})],
     "rules[1].times", "out_of_reach"),
    ([BASE, streak(times=2, within_days=9, each="day", **{"from": MAY, "until": "2026-05-03T00:00:00Z"})], None, None),
    ([BASE, streak(skus=["LP", "CD"], within_days=1, each="day")], None, None),
    ([BASE, streak(skus=["LP", "CD"], within_days=9, **lines(LP))], "rules[1].skus[1]", "out_of_reach"),
    ([BASE, streak(skus=["LP", "CD"], within_days=9, **lines(exclude=LP))], "rules[1].skus[0]", "out_of_reach"),
    ([BASE, streak(skus=["LP", "CD"], within_days=9, **lines({"categories": ["x"]}))], None, None),
    ([BASE, rule(when={"all": []})], "rules[1].when.all", "condition_empty"),
    ([BASE, rule(when={"all": [{"any": []}]})], "rules[1].when.all[0].any", "condition_empty"),
    ([BASE, times(factor="0")], "rules[1].factor", "factor_zero"),
    ([BASE, times(factor="0.000")], "rules[1].factor", "factor_zero"),
    ([BASE, times(factor="0.5")], None, None),
    ([{**BASE, "until": MAY}, times(**{"from": JUNE})], "rules[1].of", "base_apart"),
    ([{**BASE, "until": JUNE}, times(of=["base"], **{"from": JUNE})], "rules[1].of", "base_apart"),
    ([{**BASE, "until": JUNE}, times(**{"from": MAY})], None, None),
    ([BASE, {**BASE, "code": "old", "until": MAY}, times(**{"from": JUNE})], None, None),
    ([{**BASE, **lines(LP)}, times(**lines(CD))], "rules[1].lines", "base_apart"),
    ([{**BASE, **lines(LP)}, times(**lines({"skus": ["CD", "LP"]}))], None, None),
    ([{**BASE, **lines(LP)}, times(**lines({"categories": ["x"]}))], None, None),
    ([{**BASE, **lines(exclude={"skus": ["CD", "LP"]})}, times(**lines(CD))], "rules[1].lines", "base_apart"),
    ([{**BASE, **lines({"labels": ["red"]})}, times(**lines({"labels": ["blue"]}))], None, None),
    ([{**BASE, "enabled": False}, times()], "rules[1].of", "base_disabled"),
]  # fmt: skip


@pytest.mark.parametrize(("listed", "place", "code"), EFFECTS)
def test_what_can_never_be_or_says_nothing_is_named(listed, place, code):
    found = [one for one in programme_file.check_document(small(rules=listed)) if one.code != "sku_unseen"]
    assert [(one.place, one.code) for one in found] == ([(place, code)] if place else [])
    assert {one.severity for one in found} <= {"error" if code == "out_of_reach" else "warning"}
    assert all(one.mend and one.detail for one in found)


@pytest.mark.parametrize("budget", [{}, {"at_end": "partial"}, {"points": None, "money": None}])
def test_a_budget_of_nothing_is_doubtful(budget):
    document = small(campaigns=[{"code": "c", "budget": budget, "rules": [rule()]}])
    assert said(document) == {"campaigns[0].budget": "budget_empty"}
    document["campaigns"][0]["budget"] = {"points": 0}
    assert said(document) == {}


def test_a_base_in_a_campaign_that_is_over_is_not_there_for_a_multiplier():
    over = {"code": "c", "window": {"until": MAY}, "rules": [{**BASE, "code": "b"}]}
    assert said(small(rules=[times(**{"from": JUNE})], campaigns=[over])) == {"rules[0].of": "base_apart"}
    paused = {"code": "c", "enabled": False, "rules": [{**BASE, "code": "b"}]}
    assert "base_apart" not in said(small(rules=[BASE, times()], campaigns=[paused])).values()


def test_expiry_by_inactivity_is_said_not_to_be_worked_out_yet():
    resting = {"kind": "inactivity", "months": 12, "reset_by": ["sale"]}
    document = small(settings={**SMALL["settings"], "expiry": resting}, rules=[{**BASE, "expiry": resting}])
    assert said(document) == {"settings.expiry": "not_worked_out", "rules[0].expiry": "not_worked_out"}
