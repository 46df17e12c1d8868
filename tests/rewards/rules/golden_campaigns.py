"""Worked sales: campaigns with their windows, audiences, stores, caps, budgets and control groups."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from .worked import Case, base, bonus, buy, programme, times, when, yen

NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


def double(**more):
    """A campaign that doubles, and what else it says."""
    return {"code": "camp", "rules": [times("2", "double")], **more}


def gift(points=20, **more):
    return {"code": "camp", "rules": [bonus(points, "gift")], **more}


def under(campaign, why, points, *, at=None, member=None, by_rule=None, **more):
    """¥1,000 at 1 per ¥100 under one campaign."""
    more |= {} if at is None else {"at": at}
    return Case(why, yen(base("100"), campaigns=[campaign]), buy("600", "400", **more), points, member=member or {},
                by_rule=by_rule)  # fmt: skip


def tokyo(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


NIGHT = double(window={"hours": ["22:00", "02:00"]})
FRIDAY_NIGHT = double(window={"hours": ["22:00", "02:00"], "weekdays": [5]})
DAYTIME = double(window={"hours": ["09:00", "21:00"]})
DECEMBER = double(window={"from": "2026-12-01T00:00:00+09:00", "until": "2027-01-01T00:00:00+09:00"})
TIME = [
    under(double(), "a campaign without window", 20),
    under(DECEMBER, "a campaign of next month", 10),
    under(DECEMBER, "its first instant", 20, at=datetime(2026, 11, 30, 15, tzinfo=UTC)),
    under(DECEMBER, "its last second", 20, at=datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC)),
    under(DECEMBER, "its end", 10, at=datetime(2026, 12, 31, 15, tzinfo=UTC)),
    under(double(window={"weekdays": [2]}), "Tuesdays, on a Sunday", 10),
    under(double(window={"weekdays": [2]}), "on a Tuesday in Tokyo that is Monday in London", 20, at=tokyo(24, 0, 30)),
    under(double(window={"weekdays": [2]}), "on Wednesday in Tokyo that is Tuesday in London", 10, at=tokyo(25, 0, 30)),
    under(DAYTIME, "hours: at nine", 20, at=tokyo(22, 9)),
    under(DAYTIME, "hours: a minute before nine", 10, at=tokyo(22, 8, 59)),
    under(DAYTIME, "hours: a minute before closing", 20, at=tokyo(22, 20, 59)),
    under(DAYTIME, "hours: at closing", 10, at=tokyo(22, 21)),
    under(NIGHT, "across midnight: before it", 20, at=tokyo(22, 23)),
    under(NIGHT, "across midnight: after it", 20, at=tokyo(22, 1, 59)),
    under(NIGHT, "across midnight: too late", 10, at=tokyo(22, 2)),
    under(FRIDAY_NIGHT, "Friday's night", 20, at=tokyo(27, 22)),
    under(FRIDAY_NIGHT, "Friday's night is not over on Saturday at one", 20, at=tokyo(28, 1)),
    under(FRIDAY_NIGHT, "Friday at one is Thursday's night", 10, at=tokyo(27, 1)),
    under(double(window={"hours": ["20:00", "24:00"]}), "until the end of the day", 20, at=tokyo(22, 23, 59)),
    under(double(window={"hours": ["00:00", "24:00"]}), "the whole day", 20, at=tokyo(22, 0)),
]


def new_york(why, window, at, points):
    document = programme(base(), campaigns=[double(window=window)], zone="America/New_York")
    return Case(why, document, buy("10", at=at.astimezone(UTC)), points)


GAP, TWICE = {"hours": ["02:00", "03:00"]}, {"hours": ["01:00", "02:00"]}
CLOCKS = [
    new_york("the day has no two o'clock: before", GAP, datetime(2026, 3, 8, 1, 59, tzinfo=NEW_YORK), 10),
    new_york("the day has no two o'clock: after", GAP, datetime(2026, 3, 8, 3, 0, tzinfo=NEW_YORK), 10),
    new_york("a day that has it", GAP, datetime(2026, 3, 9, 2, 30, tzinfo=NEW_YORK), 20),
    new_york("the hour comes twice: first", TWICE, datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK), 20),
    new_york("the hour comes twice: again", TWICE, datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=NEW_YORK), 20),
    new_york("hours that begin in the gap begin after it", {"hours": ["02:30", "04:00"]},
             datetime(2026, 3, 8, 3, 0, tzinfo=NEW_YORK), 20),
]  # fmt: skip

SILVER_UP = double(audience={"any": [{"field": "member.tier", "op": "in", "value": ["silver", "gold"]}]})
OSAKA = double(stores=["umeda", "namba"])
PEOPLE = [
    under(SILVER_UP, "silver is asked for", 20, member={"tiers": ["silver"]}),
    under(SILVER_UP, "bronze is not", 10, member={"tiers": ["bronze"]}),
    under(SILVER_UP, "without a tier neither", 10),
    under(OSAKA, "in one of its stores", 20, store="namba", store_group="osaka"),
    under(OSAKA, "in another store", 10, store="ginza", store_group="tokyo"),
    under(OSAKA, "in no store", 10),
    under(double(store_groups=["osaka"]), "in a store of its group", 20, store="umeda", store_group="osaka"),
    under(double(store_groups=["osaka"]), "in a store of another group", 10, store="ginza", store_group="tokyo"),
    under(double(enabled=False), "paused", 10),
    under(double(control_percent=10), "control group: bucket 999 of 10 percent", 10, member={"bucket": 999}),
    under(double(control_percent=10), "control group: bucket 1000 is out of it", 20, member={"bucket": 1000}),
    under(double(control_percent=0), "no control group", 20, member={"bucket": 0}),
    under(double(control_percent=100), "everybody is in the control group", 10, member={"bucket": 9999}),
]


def spent(points, rule_points=0):
    return {"granted": {"camp": (0, 0, 0), "campaign:camp": (points, points, points), "gift": (rule_points,) * 3}}


PARTIAL = gift(budget={"points": 50, "at_end": "partial"})
NONE = gift(budget={"points": 50, "at_end": "none"})
TWO = {"code": "camp", "rules": [bonus(20, "a"), bonus(20, "b")]}
LIMITS = [
    under(PARTIAL, "the budget is whole", 30),
    under(PARTIAL, "the budget has 20 left", 30, member=spent(30)),
    under(PARTIAL, "the budget has 5 left: 5", 15, member=spent(45)),
    under(PARTIAL, "the budget is spent", 10, member=spent(50)),
    under(PARTIAL, "the budget is overspent by an older version", 10, member=spent(60)),
    under(NONE, "all or nothing: 20 left", 30, member=spent(30)),
    under(NONE, "all or nothing: 19 left", 10, member=spent(31)),
    under({**TWO, "budget": {"points": 30}}, "the rule worked out last is cut first: b to 10", 40, by_rule={"base": 10, "a": 20, "b": 10}),
    under({**TWO, "budget": {"points": 15}}, "b to nothing, a to 15", 25, by_rule={"base": 10, "a": 15}),
    under({**TWO, "budget": {"points": 30, "at_end": "none"}}, "all or nothing is of the whole campaign", 10),
    under({**TWO, "caps": {"per_sale": 25}}, "a campaign's cap for a sale", 35),
    under({**TWO, "caps": {"per_day": 45}}, "a campaign's cap for a day", 45, member=spent(10)),
    under({**TWO, "caps": {"per_member": 45}}, "a campaign's cap for a member", 15, member=spent(40)),
    under({**TWO, "caps": {"total": 45}}, "a campaign's cap for all", 45, member=spent(10)),
    under({**TWO, "caps": {"per_sale": 35}, "budget": {"points": 30}}, "cap, then budget", 40),
    under(gift(budget={"money": "25"}), "¥25 are 25 points at one yen by the reward that pays", 30),
    under(gift(budget={"money": "0.12"} | {"money": "0"}), "no money, no points", 10),
    Case("the last line loses first", yen(base("100"), campaigns=[gift(budget={"points": 15})]), buy("600", "400"), 25, [18, 7]),
    Case("money at the value of the settings: 0.12 at a cent are 12",
         programme(base(), campaigns=[gift(budget={"money": "0.12"})], settings={"point_value": "0.01"}), buy("10"), 22),
    Case("money at half a cent: 0.12 are 24",
         programme(base(), campaigns=[gift(30, budget={"money": "0.12"})], settings={"point_value": "0.005"}), buy("10"), 34),
    Case("the smaller of points and money",
         programme(base(), campaigns=[gift(budget={"money": "0.12", "points": 7})], settings={"point_value": "0.01"}), buy("10"), 17),
    Case("by the reward that pays: 1.00 for 100, so 0.15 are 15", programme(base(), campaigns=[gift(budget={"money": "0.15"})]),
         buy("10"), 25),
]  # fmt: skip

GROUPS = [{"code": "promo", "pick": "best"}]
A = {"code": "a", "rules": [bonus(20, "gift-a")]}
B = {"code": "b", "rules": [bonus(30, "gift-b")]}


def two(why, a, b, by_rule, *, groups=(), member=None):
    document = yen(base("100"), campaigns=[{**A, **a}, {**B, **b}], groups=groups)
    return Case(why, document, buy("1000"), sum(by_rule.values()), member=member or {}, by_rule=by_rule)


TOGETHER = [
    two("two campaigns add up", {}, {}, {"base": 10, "gift-a": 20, "gift-b": 30}),
    two("of one group the best", {"group": "promo"}, {"group": "promo"}, {"base": 10, "gift-b": 30}, groups=GROUPS),
    two("of one group by the campaign's priority", {"group": "promo", "priority": 1}, {"group": "promo"},
        {"base": 10, "gift-a": 20}, groups=[{"code": "promo", "pick": "priority"}]),
    two("of one group the newest campaign", {"group": "promo", "window": {"from": "2026-02-01T00:00:00+00:00"}},
        {"group": "promo", "window": {"from": "2026-01-01T00:00:00+00:00"}}, {"base": 10, "gift-a": 20},
        groups=[{"code": "promo", "pick": "newest"}]),
    two("a campaign alone", {"stackable": False}, {}, {"gift-a": 20}),
    two("of two alone the higher priority", {"stackable": False, "priority": 2}, {"stackable": False}, {"gift-a": 20}),
    two("what is spent does not stand in the way of others", {"group": "promo"}, {"group": "promo", "budget": {"points": 5}},
        {"base": 10, "gift-a": 20}, groups=GROUPS, member={"granted": {"campaign:b": (0, 0, 5)}}),
    two("nor does what cannot pay it in full and gives nothing then", {"group": "promo"},
        {"group": "promo", "budget": {"points": 25, "at_end": "none"}}, {"base": 10, "gift-a": 20}, groups=GROUPS),
    two("nor a cap that is reached", {"group": "promo"}, {"group": "promo", "caps": {"per_member": 30}},
        {"base": 10, "gift-a": 20}, groups=GROUPS, member={"granted": {"campaign:b": (0, 30, 30)}}),
    two("a campaign alone that can give nothing leaves the others", {}, {"stackable": False, "budget": {"points": 25, "at_end": "none"}},
        {"base": 10, "gift-a": 20}),
    two("a campaign alone that can give a part counts alone", {}, {"stackable": False, "budget": {"points": 25}}, {"gift-b": 25}),
]  # fmt: skip


def factors(why, a, b, by_rule, *, more=(), first="2", second="2"):
    """¥1,000 at 1 per ¥100 under two campaigns with a factor each, of which only the highest counts."""
    campaigns = [
        {"code": "a", "rules": [times(first, "times-a")], **a},
        {"code": "b", "rules": [times(second, "times-b")], **b},
    ]
    document = yen(base("100"), campaigns=[*campaigns, *more], multipliers="highest")
    return Case(why, document, buy("600", "400"), sum(by_rule.values()), by_rule=by_rule)


ONLY_1000 = {"budget": {"points": 1000}}
HIGHEST = [
    factors("of two equal factors the first", {}, {}, {"base": 10, "times-a": 10}),
    factors("one whose budget cannot pay it in full steps aside", {"budget": {"points": 5, "at_end": "none"}}, ONLY_1000,
            {"base": 10, "times-b": 10}),
    factors("one whose budget pays a part steps aside for one that gives more", {"budget": {"points": 5}}, ONLY_1000,
            {"base": 10, "times-b": 10}),
    factors("a higher factor that is cut to less than the lower gives", {"budget": {"points": 5}}, {},
            {"base": 10, "times-b": 6}, first="3", second="1.6"),
    factors("a higher factor that is cut to as much as the lower gives", {"budget": {"points": 6}}, {},
            {"base": 10, "times-a": 6}, first="3", second="1.6"),
    factors("of two that are cut the one of which more is left", {"budget": {"points": 5}}, {"budget": {"points": 7}},
            {"base": 10, "times-b": 7}),
    factors("of two that are cut to the same the first", {"budget": {"points": 5}}, {"budget": {"points": 5}},
            {"base": 10, "times-a": 5}),
    factors("a third where two are cut to little", {"budget": {"points": 5}}, {"budget": {"points": 7}},
            {"base": 10, "times-c": 8}, more=[{"code": "c", "rules": [times("1.8", "times-c")]}]),
    factors("a third where two are cut to less and less", {"budget": {"points": 5}}, {"budget": {"points": 4}},
            {"base": 10, "times-c": 8}, more=[{"code": "c", "rules": [times("1.8", "times-c")]}]),
    factors("the first where nobody gives more", {"budget": {"points": 5}}, {"budget": {"points": 4}},
            {"base": 10, "times-a": 5}, more=[{"code": "c", "rules": [times("1.4", "times-c")]}]),
    factors("a cap of the sale counts as a budget does", {"caps": {"per_sale": 3}}, {}, {"base": 10, "times-b": 10}),
    factors("one that had other lines left gets these back, too", {"rules": [times("3", "times-a", lines={"include": {"skus": ["SKU1"]}})],
            "budget": {"points": 1}}, {}, {"base": 10, "times-b": 10}),
]  # fmt: skip

REGULARS = {"code": "regulars", "any": [{"field": "member.average_basket", "op": ">", "value": "40"},
                                        {"field": "member.purchases", "op": "=", "value": 1}]}  # fmt: skip
BIG = {"code": "big", "all": [{"field": "member.segment", "op": "=", "value": "regulars"},
                              {"field": "member.spend", "op": ">=", "value": "500"}]}  # fmt: skip


def segment(why, code, member, holds):
    document = programme(base(), bonus(5, when=when("member.segment", "in", [code])), segments=[BIG, REGULARS])
    return Case(why, document, buy("10"), 15 if holds else 10, member=member)


SEGMENTS = [
    segment("a regular by average", "regulars", {"purchases": 4, "spend": 161}, True),
    segment("40.00 is not above 40", "regulars", {"purchases": 4, "spend": 160}, False),
    segment("a regular by the one purchase", "regulars", {"purchases": 1, "spend": 1}, True),
    segment("a segment within a segment", "big", {"purchases": 4, "spend": 500}, True),
    segment("in one but not in the other", "big", {"purchases": 100, "spend": 500}, False),
]

CASES = TIME + CLOCKS + PEOPLE + LIMITS + TOGETHER + HIGHEST + SEGMENTS
