"""Worked sales: money to points, rounding, what counts of a sale, in JPY, USD and KWD."""

from .worked import Case, base, bonus, buy, dinar, programme, times, yen


def one(per, rounding, amounts, points, lines, why, money=programme, each=1):
    """A sale under one rule for its amount."""
    return Case(why, money(base(per, each, rounding=rounding)), buy(*amounts), points, lines)


ROUNDING = [
    one("1", "floor", ["19.00"], 19, [19], "whole dollars"),
    one("1", "floor", ["19.99"], 19, [19], "19.99 floors"),
    one("1", "half_up", ["19.50"], 20, [20], "half goes up"),
    one("1", "half_up", ["19.49"], 19, [19], "below half does not"),
    one("1", "ceil", ["19.01"], 20, [20], "one cent makes a point"),
    one("1", "ceil", ["19.00"], 19, [19], "nothing left, nothing to raise"),
    one("2", "floor", ["19.99"], 9, [9], "the contract's 19.99 at 1 per 2.00"),
    one("50", "floor", ["75"], 4, [4], "3 per 50: 4.5 exactly", each=3),
    one("50", "half_up", ["75"], 5, [5], "4.5 goes up", each=3),
    one("50", "ceil", ["75"], 5, [5], "4.5 rises", each=3),
    one("3", "floor", ["1", "1", "1"], 1, [1, 0, 0], "three thirds are one, to the first line"),
    one("3", "half_up", ["1", "1"], 1, [1, 0], "two thirds are one"),
    one("3", "ceil", ["1"], 1, [1], "a third rises to one"),
    one("0.01", "floor", ["0.07"], 7, [7], "a point a cent"),
    one("7", "floor", ["10", "20", "40"], 100, [14, 29, 57], "14.29 + 28.57 + 57.14: .57 gets the point", each=10),
    one("1", "floor", ["0"], 0, [0], "a line for nothing"),
    one("1", "ceil", ["0", "0.01"], 1, [0, 1], "the line of nothing gets nothing"),
    one("1", "floor", ["0.50", "0.50"], 1, [1, 0], "two halves are one, the lower line takes it"),
    one("100", "floor", ["1200", "580"], 17, [12, 5], "the contract's sale: 12 + 5.8", yen),
    one("100", "half_up", ["1200", "580"], 18, [12, 6], "17.8 rounds to 18", yen),
    one("100", "ceil", ["1201", "580"], 18, [12, 6], "17.81 rises; .80 is more than .01", yen),
    one("100", "floor", ["150", "150"], 3, [2, 1], "1.5 + 1.5: the tie goes to the lower line", yen),
    one("100", "floor", ["99"], 0, [0], "a yen short", yen),
    one("100", "half_up", ["49"], 0, [0], "0.49 is nothing", yen),
    one("100", "half_up", ["50"], 1, [1], "0.50 is one", yen),
    one("100", "ceil", ["1", "1"], 1, [1, 0], "0.02 is one", yen),
    one("100", "floor", ["199", "180", "121"], 5, [2, 2, 1], ".99 and .80 before .21", yen),
    one("100", "floor", ["121", "180", "199"], 5, [1, 2, 2], "the same in another order", yen),
    one("1000", "floor", ["999", "1"], 1, [1, 0], ".999 before .001", yen),
    one("1", "floor", ["1.999"], 1, [1], "three decimals", dinar),
    one("1", "half_up", ["1.500"], 2, [2], "half a dinar", dinar),
    one("1", "half_up", ["1.499"], 1, [1], "a fils short of half", dinar),
    one("1", "ceil", ["1.001"], 2, [2], "one fils more", dinar),
    one("0.100", "floor", ["1.999"], 19, [19], "a point each 100 fils", dinar),
    one("0.250", "floor", ["0.999", "0.002"], 4, [4, 0], "3.996 + 0.008 are 4.004", dinar),
    one("0.07", "floor", ["0.04", "0.18"], 3, [1, 2], "4/7 and 18/7 have the same fraction: the lower line takes it"),
    one("0.003", "half_up", ["0.010"], 3, [3], "3.33", dinar),
]

STEPS = [
    Case("3 per 50 in whole steps: 75 is one step", programme(base("50", 3, whole_steps=True)), buy("75"), 3, [3]),
    Case(
        "steps of the whole sale: 30 and 30 are one step, shared 1.5 and 1.5",
        programme(base("50", 3, whole_steps=True)),
        buy("30", "30"),
        3,
        [2, 1],
    ),
    Case("no full step", programme(base("50", 3, whole_steps=True, rounding="ceil")), buy("49.99"), 0, [0]),
    Case(
        "1 per 1.00 and 1 per 2.00 is 19 + 9",
        programme(base(), {**base("2"), "code": "second"}),
        buy("19.99"),
        28,
        [28],
        by_rule={"base": 19, "second": 9},
    ),
    Case("19 at 1.5, floor", programme(base(), times("1.5", rounding="floor")), buy("19.00"), 28, [28]),
    Case("19 at 1.5, half up", programme(base(), times("1.5", rounding="half_up")), buy("19.00"), 29, [29]),
    Case("19 at 1.5, ceil", programme(base(), times("1.5", rounding="ceil")), buy("19.00"), 29, [29]),
    Case("the setting is every rule's rounding", programme(base(), rounding="ceil"), buy("0.10"), 1, [1]),
    Case("a rule's own comes before it", programme(base(rounding="floor"), rounding="ceil"), buy("0.10"), 0, [0]),
    Case("and half_up as the setting", programme(base(), rounding="half_up"), buy("1.50"), 2, [2]),
]

TAXED = buy(("11.00", {"tax": "1.00"}), ("10.00", {"tax": "0.74"}))
SHIPPED = buy("10", ("3", {"kind": "shipping"}), ("2", {"kind": "fee"}), ("50", {"kind": "gift_card_load"}))
MIXED = buy(
    ("10", {"sku": "A", "category": "food"}),
    ("10", {"sku": "B", "category": "tea", "labels": ["sale"]}),
    ("10", {"sku": "C", "category": "gift_card"}),
    ("10", {"sku": "D", "status": "voided"}),
)

BASIS = [
    Case("items only", programme(base(), basis="items"), SHIPPED, 10, [10, 0, 0, 0]),
    Case("the order adds shipping and fee", programme(base(), basis="order"), SHIPPED, 15, [10, 3, 2, 0]),
    Case("tax included", programme(base("0.01"), tax="included"), TAXED, 2100, [1100, 1000]),
    Case("tax excluded", programme(base("0.01"), tax="excluded"), TAXED, 1926, [1000, 926]),
    Case(
        "tax of a discounted line shrinks with it: 5.50 less 0.50",
        programme(base("0.01"), tax="excluded"),
        buy(("11.00", {"tax": "1.00"}), discounts=[{"amount": "5.50"}]),
        500,
        [500],
    ),
    Case(
        "excluded tax is rounded to the yen, half up: 100 less 7.5 is 92",
        yen(base("1"), tax="excluded"),
        buy(("200", {"tax": "15"}), discounts=[{"amount": "100"}]),
        92,
        [92],
    ),
    Case("nothing excluded but what is voided", programme(base()), MIXED, 30, [10, 10, 10, 0]),
    Case("by category", programme(base(), exclude={"categories": ["gift_card"]}), MIXED, 20, [10, 10, 0, 0]),
    Case("by SKU", programme(base(), exclude={"skus": ["A"]}), MIXED, 20, [0, 10, 10, 0]),
    Case("by label", programme(base(), exclude={"labels": ["sale"]}), MIXED, 20, [10, 0, 10, 0]),
    Case(
        "all three at once",
        programme(base(), exclude={"skus": ["A"], "labels": ["sale"], "categories": ["gift_card"]}),
        MIXED,
        0,
        [0, 0, 0, 0],
    ),
    Case("a visit needs a line that counts", programme(bonus(5), exclude={"skus": ["A"]}), buy(("1", {"sku": "A"})), 0),
]

WHOLE = [{"amount": "10"}]
FIRST = [{"amount": "10", "lines": [1]}]
DISCOUNTS = [
    Case("spread over all", programme(base(), discounts="reduce"), buy("60", "40", discounts=WHOLE), 90, [54, 36]),
    Case("on its line", programme(base(), discounts="reduce"), buy("60", "40", discounts=FIRST), 90, [50, 40]),
    Case(
        "both: first 60 and 30, then 10 over them to the cent, 6.67 and 3.33",
        programme(base("0.01"), discounts="reduce"),
        buy("60", "40", discounts=[{"amount": "10"}, {"amount": "10", "lines": [2]}]),
        8000,
        [5333, 2667],
    ),
    Case("targeted: one for all is ignored", programme(base(), discounts="targeted"), buy("60", "40", discounts=WHOLE),
         100, [60, 40]),
    Case("targeted: its line costs less", programme(base(), discounts="targeted"), buy("60", "40", discounts=FIRST),
         90, [50, 40]),
    Case("ignored", programme(base(), discounts="ignore"), buy("60", "40", discounts=WHOLE + FIRST), 100, [60, 40]),
    Case("one yen over two equal lines: the lower takes it", yen(base("1")), buy("50", "50", discounts=[{"amount": "1"}]),
         99, [49, 50]),
    Case("a discount of everything leaves nothing", programme(base()), buy("60", discounts=[{"amount": "60"}]), 0, [0]),
]  # fmt: skip

POINTS_PART = [{"kind": "cash", "amount": "60"}, {"kind": "points", "amount": "40"}]
CARD_PART = [{"kind": "gift_card", "amount": "25"}, {"kind": "stored_value", "amount": "25"},
             {"kind": "card", "amount": "50"}]  # fmt: skip
TENDERS = [
    Case("points earn nothing", programme(base(), points_payment="no_earn"), buy("60", "40", tenders=POINTS_PART), 60,
         [36, 24]),
    Case("points earn", programme(base(), points_payment="earn"), buy("60", "40", tenders=POINTS_PART), 100, [60, 40]),
    Case("gift cards earn", programme(base(), gift_card_payment="earn"), buy("60", "40", tenders=CARD_PART), 100),
    Case("gift cards and stored value do not", programme(base(), gift_card_payment="no_earn"),
         buy("60", "40", tenders=CARD_PART), 50, [30, 20]),
    Case("all paid with points", programme(base()), buy("60", tenders=[{"kind": "points", "amount": "60"}]), 0, [0]),
    Case("both ways of not earning, one after the other", programme(base("0.01"), gift_card_payment="no_earn"),
         buy("30", "70", tenders=[{"kind": "points", "amount": "50"}, {"kind": "gift_card", "amount": "25"},
                                  {"kind": "cash", "amount": "25"}]), 2500, [750, 1750]),
    Case("fils: 1 of 3 fils paid with points leaves 2 of 3 lines their fils", dinar(base("0.001")),
         buy("0.001", "0.001", "0.001", tenders=[{"kind": "points", "amount": "0.001"}, {"kind": "cash", "amount": "0.002"}]),
         2, [0, 1, 1]),
]  # fmt: skip

CASES = ROUNDING + STEPS + BASIS + DISCOUNTS + TENDERS
