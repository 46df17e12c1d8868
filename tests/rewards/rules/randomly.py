"""Random programmes, sales and members for Hypothesis, as plain documents: the engine and the oracle read the same."""

from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st

from .worked import SUNDAY, base, programme

ROUNDINGS = st.sampled_from(["floor", "half_up", "ceil"])
SKUS, CATEGORIES = "ABC", ["food", "tea"]
SELECTION = st.fixed_dictionaries(
    {},
    optional={
        "skus": st.lists(st.sampled_from(SKUS), max_size=2, unique=True),
        "categories": st.lists(st.sampled_from(CATEGORIES), max_size=2, unique=True),
    },
)
ROWS = st.sampled_from(
    [
        {"field": "member.tier", "op": "in", "value": ["silver", "gold"]},
        {"field": "member.purchases", "op": ">", "value": 2},
        {"field": "member.segment", "op": "in", "value": ["regulars"]},
        {"field": "basket.amount", "op": ">=", "value": "20"},
        {"field": "basket.categories", "op": "any_of", "value": ["tea"]},
        {"field": "sale.store", "op": "!=", "value": "ginza"},
        {"field": "time.weekday", "op": "in", "value": [5, 6, 7]},
        {"field": "time.hour", "op": "<", "value": 12},
    ]
)
CONDITION = st.one_of(
    st.builds(lambda rows: {"all": rows}, st.lists(ROWS, min_size=1, max_size=2)),
    st.builds(lambda rows: {"any": rows}, st.lists(ROWS, min_size=1, max_size=2)),
)
MEMBER_CONDITION = st.builds(lambda i: {"any": [{"field": "member.tier", "op": "=", "value": i}]}, st.sampled_from(
    ["bronze", "silver", "gold"]))  # fmt: skip
LIMIT = st.integers(0, 60)
CAPS = st.fixed_dictionaries({}, optional=dict.fromkeys(("per_sale", "per_day", "per_member", "total"), LIMIT))
COMMON = {
    "rounding": ROUNDINGS,
    "priority": st.integers(0, 2),
    "stackable": st.sampled_from([True] * 9 + [False]),
}
OPTIONAL = {
    "lines": st.fixed_dictionaries(
        {},
        optional={
            "include": SELECTION,
            "exclude": SELECTION,
            "at_least": st.sampled_from([{"amount": "5"}, {"quantity": 2}]),
        },
    ),
    "when": CONDITION,
    "group": st.sampled_from(["best", "newest", "first"]),
    "caps": CAPS,
    "pending": st.sampled_from(["none", {"days": 3}]),
    "expiry": st.sampled_from([{"kind": "never"}, {"kind": "rolling", "days": 9}]),
    "from": st.sampled_from(["2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"]),
}
POINTS = st.integers(1, 30)


def kind(name, required, **optional):
    return st.fixed_dictionaries({"kind": st.just(name), **required, **COMMON}, optional=OPTIONAL | optional)


BASES = st.one_of(
    kind(
        "per_amount",
        {"points": POINTS, "per": st.sampled_from(["1", "3", "0.07", "50"])},
        whole_steps=st.booleans(),
    ),
    kind("per_unit", {"points": POINTS}),
    kind("per_visit", {"points": POINTS}),
)
MULTIPLIERS = kind(
    "multiplier",
    {"factor": st.sampled_from(["0", "0.5", "1", "1.1", "1.5", "2", "3"])},
    of=st.sampled_from(["all", ["base"]]),
)
BONUSES = st.one_of(
    kind(
        "fixed", {"points": POINTS, "each": st.sampled_from(["sale", "line", "unit"])}, before_multipliers=st.booleans()
    ),
    kind("stamps", {"buy": st.integers(1, 4), "points": POINTS}),
    kind("stamps", {"buy": st.integers(1, 4), "reward": st.just("cup")}),
    kind("streak", {"times": st.integers(1, 4), "within_days": st.integers(1, 9), "points": POINTS}),
    kind("streak", {"skus": st.just(["A", "B"]), "within_days": st.integers(1, 9), "points": POINTS}),
)
RULES = st.one_of(BASES, MULTIPLIERS, BONUSES)
CAMPAIGN = st.fixed_dictionaries(
    {},
    optional={
        "window": st.sampled_from(
            [{"weekdays": [6, 7]}, {"hours": ["09:00", "21:00"]}, {"hours": ["22:00", "06:00"], "weekdays": [6]}]
        ),
        "audience": MEMBER_CONDITION,
        "stores": st.sampled_from([["umeda"], ["umeda", "namba"]]),
        "store_groups": st.just(["tokyo"]),
        "budget": st.fixed_dictionaries(
            {"at_end": st.sampled_from(["partial", "none"])},
            optional={"points": LIMIT, "money": st.sampled_from(["0.30", "1"])},
        ),
        "control_percent": st.sampled_from([0, 30]),
        "priority": st.integers(0, 3),
        "stackable": st.sampled_from([True, True, True, False]),
        "group": st.just("best"),
        "caps": CAPS,
        "enabled": st.sampled_from([True, True, True, False]),
    },
)
EARNING = st.fixed_dictionaries(
    {
        "basis": st.sampled_from(["items", "order"]),
        "tax": st.sampled_from(["included", "excluded"]),
        "discounts": st.sampled_from(["reduce", "targeted", "ignore"]),
        "points_payment": st.sampled_from(["earn", "no_earn"]),
        "gift_card_payment": st.sampled_from(["earn", "no_earn"]),
        "rounding": ROUNDINGS,
        "remainder": st.sampled_from(["drop", "drop", "carry"]),
        "multipliers": st.sampled_from(["multiply", "multiply", "add", "highest"]),
        "exclude": SELECTION,
    }
)
GROUPS = [{"code": "best"}, {"code": "newest", "pick": "newest"}, {"code": "first", "pick": "priority"}]
REGULARS = {"code": "regulars", "all": [{"field": "member.average_basket", "op": ">", "value": "10"}]}


@st.composite
def programmes(draw):
    """A document with up to seven rules, some of them in up to two campaigns."""
    rules = [base(), *draw(st.lists(RULES, min_size=1, max_size=4))]
    campaigns = [
        {"code": f"c{i}", **draw(CAMPAIGN), "rules": draw(st.lists(RULES, min_size=1, max_size=2))}
        for i in range(draw(st.integers(0, 2)))
    ]
    for number, rule in enumerate([*rules, *(one for campaign in campaigns for one in campaign["rules"])]):
        rule.setdefault("code", f"r{number}")
    earning = draw(EARNING)
    settings = {"point_value": "0.01"}
    return programme(*rules, campaigns=campaigns, groups=GROUPS, segments=[REGULARS], settings=settings, **earning)


def cents(amount):
    return str(Decimal(amount).scaleb(-2))


@st.composite
def sales(draw):
    """Up to five lines, with discounts and tenders that add up."""
    lines = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        amount = draw(st.integers(0, 4000))
        lines.append(
            {
                "line": number,
                "amount": cents(amount),
                "tax": cents(amount // draw(st.sampled_from([5, 11]))),
                "quantity": draw(st.sampled_from([1, 2, "0.350"])),
                "sku": draw(st.sampled_from(SKUS)),
                "category": draw(st.sampled_from(CATEGORIES)),
                "kind": draw(st.sampled_from(["item"] * 6 + ["shipping", "gift_card_load"])),
                "status": draw(st.sampled_from(["sold"] * 5 + ["voided"])),
            }
        )
    sold = [line for line in lines if line["status"] == "sold"]
    total = sum(int(Decimal(line["amount"]).scaleb(2)) for line in sold)
    sale = {"lines": lines, "discounts": [], "tenders": []}
    if sold and draw(st.booleans()):
        line = draw(st.sampled_from(sold))
        amount = draw(st.integers(0, int(Decimal(line["amount"]).scaleb(2))))
        sale["discounts"].append({"amount": cents(amount), "lines": [line["line"]]})
        total -= amount
    if draw(st.booleans()):
        amount = draw(st.integers(0, total))
        sale["discounts"].append({"amount": cents(amount)})
        total -= amount
    for kind_ in draw(st.lists(st.sampled_from(["points", "gift_card", "stored_value"]), max_size=2, unique=True)):
        amount = draw(st.integers(0, total))
        sale["tenders"].append({"kind": kind_, "amount": cents(amount)})
        total -= amount
    sale["tenders"].append({"kind": "cash", "amount": cents(total)})
    sale["at"] = SUNDAY + timedelta(hours=draw(st.integers(0, 72)))
    store = draw(st.sampled_from([("umeda", "osaka"), ("namba", "osaka"), ("ginza", "tokyo"), ("", "")]))
    return sale | dict(zip(("store", "store_group"), store, strict=True))


def granted(draw):
    today = draw(st.integers(0, 20))
    member = today + draw(st.integers(0, 20))
    return today, member, member + draw(st.integers(0, 20))


@st.composite
def members(draw):
    """What is known of a member; keys of state fit the codes of `programmes`."""
    purchases = draw(st.integers(0, 5))
    codes = [f"r{i}" for i in range(1, 9)]
    before = st.integers(0, 240).map(lambda hours: SUNDAY - timedelta(hours=hours))
    return {
        "tiers": draw(st.sampled_from([[], ["bronze"], ["silver"], ["gold"]])),
        "purchases": purchases,
        "spend": Decimal(draw(st.integers(0, 10_000))).scaleb(-2) if purchases else Decimal(0),
        "granted": {key: granted(draw) for key in ("base", "r1", "r2", "r5", "campaign:c0", "campaign:c1")},
        "carried": {code: Decimal(draw(st.integers(0, 99))).scaleb(-2) for code in ("base", "r1")},
        "stamps": {code: Decimal(draw(st.integers(0, 1))) for code in codes[:4]},
        "visits": {code: sorted(draw(st.lists(before, max_size=2))) for code in codes[4:]},
        "bucket": draw(st.integers(0, 9999)),
    }
