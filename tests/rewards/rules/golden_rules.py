"""Worked sales: every kind of rule, their order, groups, caps, carry, conditions."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from .worked import SUNDAY, Case, base, bonus, buy, dinar, programme, times, when, yen

DAY = timedelta(days=1)
UNITS = {"code": "units", "kind": "per_unit", "points": 5}
VISIT = {"code": "visit", "kind": "per_visit", "points": 10}

KINDS = [
    Case("5 a unit", programme(UNITS), buy(("9", {"quantity": 3})), 15, [15]),
    Case("0.350 kg at 5 is 1.75", programme(UNITS), buy(("9", {"quantity": "0.350"})), 1, [1]),
    Case("0.350 kg, half up", programme({**UNITS, "rounding": "half_up"}), buy(("9", {"quantity": "0.350"})), 2, [2]),
    Case("1.75 + 5: the fraction is the first line's", programme({**UNITS, "rounding": "ceil"}),
         buy(("9", {"quantity": "0.350"}), ("1", {"quantity": 1})), 7, [2, 5]),
    Case("10 a visit, by amount", programme(VISIT), buy("60", "40"), 10, [6, 4]),
    Case("10 a visit over thirds: 3.33 each, the first takes the rest", programme(VISIT), buy("1", "1", "1"), 10, [4, 3, 3]),
    Case("a visit that cost nothing is shared equally", programme(VISIT), buy("0", "0"), 10, [5, 5]),
    Case("a visit leaves a line of nothing out", programme(VISIT), buy("0", "5"), 10, [0, 10]),
    Case("7 for the sale", programme(bonus(7)), buy("30", "10"), 7, [5, 2]),
    Case("7 for each line", programme(bonus(7, each="line")), buy("30", "10"), 14, [7, 7]),
    Case("7 for each unit", programme(bonus(7, each="unit")), buy(("30", {"quantity": 2}), "10"), 21, [14, 7]),
    Case("of one product", programme(bonus(200, lines={"include": {"skus": ["SKU2"]}})), buy("30", "10"), 200, [0, 200]),
    Case("of a category but not what is red", programme(base(lines={"include": {"categories": ["tea"]}, "exclude": {"labels": ["red"]}})),
         buy(("10", {"category": "tea"}), ("10", {"category": "tea", "labels": ["red"]}), "10"), 10, [10, 0, 0]),
    Case("of a brand, which is a label", programme(base(lines={"include": {"brands": ["acme"]}})),
         buy(("10", {"labels": ["brand:acme"]}), ("10", {"labels": ["acme"]})), 10, [10, 0]),
    Case("its lines together reach 20", programme(bonus(9, lines={"include": {"categories": ["tea"]}, "at_least": {"amount": "20"}})),
         buy(("12", {"category": "tea"}), ("8", {"category": "tea"}), "5"), 9, [5, 4, 0]),
    Case("its lines together do not reach 20", programme(bonus(9, lines={"include": {"categories": ["tea"]}, "at_least": {"amount": "20"}})),
         buy(("12", {"category": "tea"}), ("7.99", {"category": "tea"}), "5"), 0),
    Case("three units over two lines", programme(bonus(9, lines={"at_least": {"quantity": 3}})), buy(("2", {"quantity": 2}), "1"), 9, [6, 3]),
    Case("two units are not three", programme(bonus(9, lines={"at_least": {"quantity": 3}})), buy("2", "1"), 0),
    Case("a rule for something else than sales", programme(bonus(9, trigger="member.enrolled")), buy("2"), 0),
    Case("a referral does not answer sales", programme({"code": "r", "kind": "referral", "friend": 9}), buy("2"), 0),
    Case("a rule that is not enabled", programme(base(enabled=False), bonus(1)), buy("2"), 1),
    Case("from its first instant", programme(base(**{"from": "2026-11-22T01:00:00+00:00"})), buy("2"), 2),
    Case("not before it", programme(base(**{"from": "2026-11-22T01:00:01+00:00"})), buy("2"), 0),
    Case("not at its last instant", programme(base(until="2026-11-22T10:00:00+09:00")), buy("2"), 0),
]  # fmt: skip

MULTIPLIERS = [
    Case("double", programme(base(), times("2")), buy("10"), 20, by_rule={"base": 10, "times": 10}),
    Case("2 and 3 make 6", programme(base(), times("2", "a"), times("3", "b")), buy("10"), 60,
         by_rule={"base": 10, "a": 10, "b": 40}),
    Case("priority first", programme(base(), times("2", "a"), times("3", "b", priority=1)), buy("10"), 60,
         by_rule={"base": 10, "b": 20, "a": 30}),
    Case("2 and 3 added make 4", programme(base(), times("2", "a"), times("3", "b"), multipliers="add"), buy("10"), 40,
         by_rule={"base": 10, "a": 10, "b": 20}),
    Case("of 2 and 3 the highest is 3", programme(base(), times("2", "a"), times("3", "b"), multipliers="highest"),
         buy("10"), 30, by_rule={"base": 10, "b": 20}),
    Case("the highest on each line", programme(base(), times("2", "a"), times("3", "b", lines={"include": {"skus": ["SKU2"]}}),
         multipliers="highest"), buy("10", "10"), 50, [20, 30]),
    Case("the highest of each base", programme(base(), VISIT, times("3", "a", of=["base"]), times("2", "b"), multipliers="highest"),
         buy("10"), 50, by_rule={"base": 10, "visit": 10, "a": 20, "b": 10}),
    Case("1.1 of 9 is nothing more", programme(base(), times("1.1")), buy("9"), 9),
    Case("1.1 of 9, ceil", programme(base(), times("1.1", rounding="ceil")), buy("9"), 10),
    Case("once for the sale: 1.1 of 5 and 5 is one more, to the first", programme(base(), times("1.1")), buy("5", "5"), 11, [6, 5]),
    Case("half: 19 less 9.5 is 9 by floor", programme(base(), times("0.5")), buy("19"), 9),
    Case("half: 19 less 9.5 is 10 by ceil", programme(base(), times("0.5", rounding="ceil")), buy("19"), 10),
    Case("times nothing", programme(base(), times("0")), buy("19"), 0),
    Case("of one base only", programme(base(), VISIT, times("3", of=["visit"])), buy("10"), 40),
    Case("then the next on what was added to its own base", programme(base(), VISIT, times("2", "a", of=["visit"]), times("2", "b")),
         buy("10"), 60, by_rule={"base": 10, "visit": 10, "a": 10, "b": 30}),
    Case("an addition belongs to its bases in proportion: 3 + 3 get 3, 2 of it the first's", programme(
         base(), {**VISIT, "points": 3}, times("1.5", "a"), times("2", "b", of=["base"])), buy("3"), 14,
         by_rule={"base": 3, "visit": 3, "a": 3, "b": 5}),
    Case("an early bonus is multiplied", programme(base(), bonus(5, before_multipliers=True), times("2")), buy("10"), 30),
    Case("a late one is not", programme(base(), bonus(5), times("2")), buy("10"), 25),
    Case("of a late bonus there is nothing to multiply", programme(base(), bonus(5), times("2", lines={"include": {"skus": ["X"]}})),
         buy("10"), 15),
    Case("gold doubles", yen(base("100"), times("2", when=when("member.tier", "in", ["gold"]))), buy("1200", "580"), 34,
         [24, 10], {"tiers": ["gold"]}),
    Case("silver does not", yen(base("100"), times("2", when=when("member.tier", "in", ["gold"]))), buy("1200", "580"), 17,
         [12, 5], {"tiers": ["silver"]}),
    Case("in the month of birth", programme(base(), times("2", when=when("member.birthday_month", "=", True))), buy("7"), 14,
         member={"birthday_month": True}),
    Case("in another month", programme(base(), times("2", when=when("member.birthday_month", "=", True))), buy("7"), 7,
         member={"birthday_month": False}),
    Case("birthday not known", programme(base(), times("2", when=when("member.birthday_month", "=", True))), buy("7"), 7),
    Case("happy hour, 10 o'clock in Tokyo", yen(base("1"), times("2", when=when("time.hour", "=", 10))), buy("7"), 14),
    Case("1.5 of 3 dinars' 3, half up", dinar(base(), times("1.5", rounding="half_up")), buy("3.000"), 5),
]  # fmt: skip

ORDER = [
    Case("the best of a group", programme(base(group="g"), {**VISIT, "points": 15, "group": "g"}, groups=[{"code": "g"}]),
         buy("10"), 15, by_rule={"visit": 15}),
    Case("the best of a group is another for another sale", programme(base(group="g"), {**VISIT, "points": 15, "group": "g"},
         groups=[{"code": "g", "pick": "best"}]), buy("20"), 20, by_rule={"base": 20}),
    Case("the newest", programme(base(group="g", **{"from": "2026-01-01T00:00:00+00:00"}),
         {**VISIT, "group": "g", "from": "2026-02-01T00:00:00+00:00"}, groups=[{"code": "g", "pick": "newest"}]),
         buy("20"), 10, by_rule={"visit": 10}),
    Case("by priority", programme(base(group="g"), {**VISIT, "group": "g", "priority": 1}, groups=[{"code": "g", "pick": "priority"}]),
         buy("20"), 10, by_rule={"visit": 10}),
    Case("equals: by code", programme(base(group="g"), {**VISIT, "group": "g"}, groups=[{"code": "g"}]), buy("10"), 10,
         by_rule={"base": 10}),
    Case("who gives nothing does not win by priority", programme(base(group="g", priority=9), {**VISIT, "group": "g"},
         groups=[{"code": "g", "pick": "priority"}]), buy("0.50"), 10, by_rule={"visit": 10}),
    Case("of grouped multipliers the best, others multiply", programme(base(), times("2", "a", group="g"), times("3", "b", group="g"),
         times("1.5", "c"), groups=[{"code": "g"}]), buy("10"), 45, by_rule={"base": 10, "b": 20, "c": 15}),
    Case("a group is settled inside a stage: one early, one late, both count", programme(base(group="g"), bonus(7, group="g"),
         groups=[{"code": "g"}]), buy("10"), 17),
    Case("what does not stack stands alone", programme(base(), times("2"), bonus(7, stackable=False)), buy("10"), 7,
         by_rule={"bonus": 7}),
    Case("the highest priority of two that do not stack", programme(base(stackable=False, priority=5), times("2"),
         bonus(70, stackable=False)), buy("10"), 10, by_rule={"base": 10}),
    Case("a base that earns nothing does not stand alone", programme(base(stackable=False, priority=5), times("2"),
         bonus(70, stackable=False)), buy("0.50"), 70, by_rule={"bonus": 70}),
    Case("equal priority: by code", programme(bonus(1, "b", stackable=False), bonus(2, "a", stackable=False)), buy("1"), 2),
]  # fmt: skip

BUSY = {"granted": {"base": (5, 12, 20)}}  # today, this member, all members
CAPS = [
    Case("a sale's cap takes from the last line", programme(base(caps={"per_sale": 15})), buy("10", "10", "2"), 15, [10, 5, 0]),
    Case("a cap of nothing", programme(base(caps={"per_sale": 0})), buy("10"), 0),
    Case("a day's cap", programme(base(caps={"per_day": 12})), buy("10"), 7, [7], BUSY),
    Case("a member's cap is used up", programme(base(caps={"per_member": 12})), buy("10"), 0, [0], BUSY),
    Case("everybody's cap has one left", programme(base(caps={"total": 21})), buy("10"), 1, [1], BUSY),
    Case("the narrowest cap", programme(base(caps={"per_day": 12, "per_sale": 3, "total": 100})), buy("10"), 3, [3], BUSY),
    Case("an open cap", programme(base(caps={"per_day": 12})), buy("10"), 10),
    Case("a multiplier counts what the base gave before its cap", programme(base(caps={"per_sale": 5}), times("2")), buy("10"), 15,
         by_rule={"base": 5, "times": 10}),
    Case("a multiplier's own cap", programme(base(), times("3", caps={"per_sale": 15})), buy("10"), 25),
    Case("half of a capped base takes no more than there is", programme(base(caps={"per_sale": 3}), times("0.5")), buy("10"), 0),
]  # fmt: skip

CARRY = [
    Case("dropped: 20 at 1 per 50", programme(base("50"), remainder="drop"), buy("20"), 0, member={"carried": {"base": Decimal(30)}}),
    Case("carried: 30 and then 20 are 50", programme(base("50"), remainder="carry"), buy("20"), 1, member={"carried": {"base": Decimal(30)}}),
    Case("carried: still below", programme(base("50"), remainder="carry"), buy("19.99"), 0, member={"carried": {"base": Decimal(30)}}),
    Case("carried: 30 and 75 are two steps, shared by amount", programme(base("50"), remainder="carry"), buy("25", "50"), 2, [1, 1],
         {"carried": {"base": Decimal(30)}}),
    Case("carried by its own rule only", programme(base("50"), {**base("50"), "code": "other"}, remainder="carry"), buy("20"), 1,
         member={"carried": {"base": Decimal(30)}}, by_rule={"base": 1}),
    Case("yen carried", yen(base("100"), remainder="carry"), buy("199"), 2, member={"carried": {"base": Decimal(1)}}),
    Case("fils carried", dinar(base("0.500"), remainder="carry"), buy("0.499"), 1, member={"carried": {"base": Decimal("0.001")}}),
]  # fmt: skip

COFFEE = {"lines": {"include": {"categories": ["coffee"]}}}
CUP = {"code": "card", "kind": "stamps", "buy": 9, "reward": "cup", **COFFEE}
COINS = {"code": "card", "kind": "stamps", "buy": 3, "points": 50}


def cups(count):
    return ("4", {"category": "coffee", "quantity": count})


STAMPS = [
    Case("eight of nine", programme(CUP), buy(cups(8)), 0),
    Case("the ninth fills the card", programme(CUP), buy(cups(1)), 0, member={"stamps": {"card": Decimal(8)}}, rewards=["cup"]),
    Case("two cards in one sale, two stamps left", programme(CUP), buy(cups(20)), 0, rewards=["cup", "cup"]),
    Case("only its lines", programme(CUP), buy(cups(8), "4"), 0),
    Case("points in place of a reward, shared by amount", programme(COINS), buy("10", "20", "20"), 50, [10, 20, 20]),
    Case("three cards are 150", programme(COINS), buy(("9", {"quantity": 10})), 150),
    Case("two on the card and one are 50", programme(COINS), buy("9"), 50, member={"stamps": {"card": Decimal(2)}}),
    Case("parts of units count", programme(COINS), buy(("9", {"quantity": "0.750"})), 50, member={"stamps": {"card": Decimal("2.250")}}),
    Case("stamps are not multiplied", programme(COINS, base(), times("2")), buy(("9", {"quantity": 3})), 68),
    Case("a card that stands alone collects nothing for the other", programme(COINS, bonus(5, stackable=False)), buy("9"), 5),
    Case("points of cards have caps", programme({**COINS, "caps": {"per_sale": 60}}), buy(("9", {"quantity": 6})), 60),
    Case("stamps and points, as a coffee shop does it", yen(base("100"), CUP), buy(("580", {"category": "coffee"}), "420"), 10, [6, 4],
         {"stamps": {"card": Decimal(8)}}, rewards=["cup"]),
]  # fmt: skip

THREE = {"code": "often", "kind": "streak", "times": 3, "within_days": 7, "points": 30}
TRIO = {"code": "trio", "kind": "streak", "skus": ["A", "B", "C"], "within_days": 30, "points": 90}


def visits(*days_ago):
    return {"visits": {"often": [SUNDAY - DAY * days for days in days_ago]}}


STREAKS = [
    Case("the third within seven days", programme(THREE), buy("6", "4"), 30, [18, 12], visits(3, 1)),
    Case("the second", programme(THREE), buy("6"), 0, member=visits(1)),
    Case("six days ago is the first of seven days", programme(THREE), buy("6"), 30, member=visits(6, 1)),
    Case("seven days ago is not", programme(THREE), buy("6"), 0, member=visits(7, 1)),
    Case("two on one day are two", programme(THREE), buy("6"), 30, member=visits(0, 0)),
    Case("two on one day are one where days count", programme({**THREE, "each": "day"}), buy("6"), 0, member=visits(0, 1)),
    Case("three days are three", programme({**THREE, "each": "day"}), buy("6"), 30, member=visits(2, 1)),
    Case("a late sale falls between", programme(THREE), buy("6"), 30, member=visits(2, -1)),
    Case("a late sale that is too old for the newest", programme(THREE), buy("6"), 0, member=visits(-7, -6)),
    Case("days are those of the programme's zone: 23:30 in Tokyo, seven days", yen(THREE), buy("600", at=datetime(2026, 11, 22, 14, 30, tzinfo=UTC)), 30,
         member={"visits": {"often": [datetime(2026, 11, 15, 15, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)]}}),
    Case("days are those of the programme's zone: an hour later it is the eighth", yen(THREE), buy("600", at=datetime(2026, 11, 22, 15, 30, tzinfo=UTC)), 0,
         member={"visits": {"often": [datetime(2026, 11, 15, 15, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)]}}),
    Case("only visits that the rule counts", programme({**THREE, "when": when("basket.amount", ">=", "5")}), buy("4.99"), 0, member=visits(2, 1)),
    Case("all three products in one sale", programme(TRIO), buy(("5", {"sku": "A"}), ("5", {"sku": "B"}), ("5", {"sku": "C"}), "9"), 90, [30, 30, 30, 0]),
    Case("the last of three products", programme(TRIO), buy(("5", {"sku": "C"}), "9"), 90, [90, 0],
         {"bought": {"trio": {"A": SUNDAY - DAY * 29, "B": SUNDAY}}}),
    Case("one product was too long ago", programme(TRIO), buy(("5", {"sku": "C"}), "9"), 0,
         member={"bought": {"trio": {"A": SUNDAY - DAY * 30, "B": SUNDAY}}}),
    Case("one product twice is one", programme(TRIO), buy(("5", {"sku": "B"}), "9"), 0, member={"bought": {"trio": {"A": SUNDAY, "B": SUNDAY}}}),
]  # fmt: skip

ADA = {
    "tiers": ["gold"], "plans": ["club"], "enrolled": datetime(2026, 11, 1, tzinfo=UTC), "purchases": 4, "spend": Decimal("100.01"),
    "last_sale": datetime(2026, 11, 20, 12, tzinfo=UTC), "attributes": {"shoe": 42, "likes": "tea"},
}  # fmt: skip
SOLD = buy(("60", {"category": "food", "labels": ["brand:acme"]}), "40", store="umeda", store_group="osaka", channel="web",
           tenders=[{"kind": "card", "amount": "100"}])  # fmt: skip


def asked(name, op, value, holds, why):
    return Case(why, programme(bonus(1, when=when(name, op, value))), SOLD, int(holds), member=ADA)


CONDITIONS = [
    asked("basket.amount", ">=", "100", True, "100 reaches 100"),
    asked("basket.amount", ">", "100", False, "100 is not above 100"),
    asked("basket.quantity", "=", 2, True, "two units"),
    asked("basket.skus", "all_of", ["SKU1", "SKU2"], True, "both products"),
    asked("basket.skus", "all_of", ["SKU1", "X"], False, "one product is missing"),
    asked("basket.categories", "any_of", ["food", "tea"], True, "one of the categories"),
    asked("basket.brands", "in", ["acme"], True, "a brand"),
    asked("basket.labels", "not_in", ["red"], True, "nothing red"),
    asked("sale.store", "in", [], False, "an empty in is never true"),
    asked("sale.store_group", "=", "osaka", True, "in Osaka"),
    asked("sale.channel", "!=", "web", False, "not on the web"),
    asked("sale.tenders", "any_of", ["card"], True, "by card"),
    asked("time.weekday", "in", [6, 7], True, "at the weekend"),
    asked("time.date", "<=", "2026-11-22", True, "by the 22nd"),
    asked("member.plan", "=", "club", True, "in the club"),
    asked("member.age_days", ">=", 21, True, "three weeks"),
    asked("member.purchases", "=", 0, False, "not the first purchase"),
    asked("member.average_basket", ">", "25", True, "25.0025 is above 25"),
    asked("member.last_sale_days", "<", 2, False, "two days ago"),
    asked("member.attribute.shoe", ">", 41, True, "a large shoe"),
    asked("member.attribute.hat", "!=", 41, True, "no hat is another hat"),
    Case("the first purchase", programme(bonus(100, when=when("member.purchases", "=", 0))), buy("1"), 100),
    Case("an order threshold after discounts", programme(bonus(5, when=when("basket.amount", ">=", "50"))),
         buy("60", discounts=[{"amount": "10.01"}]), 0),
    Case("an order threshold without tax", programme(bonus(5, when=when("basket.amount_without_tax", ">=", "50"))),
         buy(("55", {"tax": "5.00"})), 5),
    Case("any of two groups of rows", programme(bonus(5, when={"any": [when("time.hour", "=", 5), when("member.tier", "=", "gold")]})),
         buy("1"), 5, member=ADA),
    Case("all and any side by side", programme(bonus(5, when={**when("member.tier", "=", "gold"), "any": [{"field": "time.hour", "op": "=", "value": 5}]})),
         buy("1"), 0, member=ADA),
]  # fmt: skip

CASES = KINDS + MULTIPLIERS + ORDER + CAPS + CARRY + STAMPS + STREAKS + CONDITIONS
