"""What-if: what other rules would have given for the stored sales, to the last point, and without a trace."""

from __future__ import annotations

import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from loyalty import books, policies
from members.models import Member, Sale
from rewards import whatif
from rewards.models import WhatIf, WhatIfChunk
from rewards.whatif import working
from tests.size import by_size

from .conftest import PROGRAMME, TIERS, apply, settings_with
from .whatif_shop import FIRST, LONG_AGO, ask, earned, join, sell, visits

SILVER = {"all": [{"field": "member.tier", "op": "in", "value": ["silver", "gold"]}]}
BASE = {"code": "base", "kind": "per_amount", "points": 1, "per": "1"}
DOUBLE = {"code": "silver-double", "kind": "multiplier", "factor": "2", "when": SILVER}
RICHER = {**PROGRAMME, "rules": [{**BASE, "points": 2}]}
CARD = {"code": "card", "kind": "stamps", "buy": 9, "points": 50, "lines": {"include": {"categories": ["coffee"]}}}
STREAK = {"code": "streak", "kind": "streak", "times": 3, "within_days": 9, "points": 25}
LIMITED = {"code": "visit", "kind": "fixed", "points": 30, "caps": {"per_day": 45, "per_member": 170}}
FIRST_50 = {"code": "first", "kind": "fixed", "points": 50, "caps": {"total": 320}}


def campaign(points=400, *, at_end="partial", **more):
    """Double points for Silver until a budget runs out."""
    rules = [{**DOUBLE, "code": "campaign-double"}, {"code": "campaign-visit", "kind": "fixed", "points": 7}]
    return {"code": "spring", "budget": {"points": points, "at_end": at_end}, "rules": rules, **more}


DOCUMENTS = {
    "multipliers by tier": {"rules": [BASE, DOUBLE]},
    "after the sale": {"rules": [BASE, DOUBLE], "settings": settings_with(earning={"tier_for_sale": "after"})},
    "carry": {"rules": [{**BASE, "points": 3, "per": "70"}], "settings": settings_with(earning={"remainder": "carry"})},
    "stamps and streaks": {"rules": [BASE, CARD, STREAK]},
    "caps of a member": {"rules": [BASE, LIMITED]},
    "a cap of all": {"rules": [BASE, FIRST_50]},
    "a budget": {"rules": [BASE], "campaigns": [campaign()]},
    "a budget that gives nothing at its end": {"rules": [BASE], "campaigns": [campaign(at_end="none")]},
    "a control group": {"rules": [BASE], "campaigns": [campaign(control_percent=50)]},
    "two budgets and a cap of a day": {
        "rules": [BASE, FIRST_50],
        "campaigns": [
            campaign(300, caps={"per_day": 20}),
            {"code": "shops", "stores": ["harbour"], "budget": {"points": 150}, "rules": [{**FIRST_50, "code": "shop"}]},
        ],
    },
    "a group that a budget leaves": {
        "groups": [{"code": "best", "pick": "best"}],
        "rules": [BASE, {"code": "small", "kind": "fixed", "points": 5, "group": "best", "caps": {"per_member": 40}}],
        "campaigns": [
            {"code": "big", "budget": {"points": 90}, "rules": [{"code": "large", "kind": "fixed", "points": 20,
                                                                   "group": "best"}]}
        ],
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Several chunks even of a small history."""
    monkeypatch.setattr(working, "CHUNK_SALES", (7, 10_000))


@pytest.fixture
def history(programme):
    people = join(4)
    sell(people, visits(1, members=4, sales=40, stores=("main", "harbour")))
    return people


def by_member(run):
    """Points before and after by member, of all that are named."""
    rows = [*run.result["winners"], *run.result["losers"]]
    return {row["member"]: (row["before"], row["after"]) for row in rows}


# The same points as the ledger


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_rules_under_which_a_history_was_earned_give_exactly_its_points_again(db, name):
    document = {**PROGRAMME, **DOCUMENTS[name]}
    policies.apply(document=document, actor="test", valid_from=LONG_AGO)
    sell(join(5), visits(len(name), members=5, sales=60, stores=("main", "harbour")))
    run = ask({**PROGRAMME, "rules": [{**BASE, "points": 1, "per": "1000000"}]}, as_dated=True)
    assert run.status == WhatIf.Status.DONE, (run.problem, run.detail)
    assert run.result["points"] == [sum(earned().values()), 0] and run.result["points"][0] > 0
    assert by_member(run) == {member: (points, 0) for member, points in earned().items() if points}
    assert run.result["exact"] and run.result["sales"] == 60


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_draft_gives_what_earning_gives_for_the_same_sales_under_it(db, name):
    apply(rules=[BASE])
    draft = {**PROGRAMME, **DOCUMENTS[name]}
    bought = visits(7 + len(name), members=5, sales=60, stores=("main", "harbour"))
    sell(join(5), bought)
    run = ask(draft, as_dated=True)
    assert run.status == WhatIf.Status.DONE, (run.problem, run.detail)
    # The slow way: the same people and sales once more, in a database where only the draft was ever in force.
    found = {row["member"]: row["after"] for row in [*run.result["winners"], *run.result["losers"]]}
    slowly = relived(draft, bought)
    assert run.result["points"][1] == sum(slowly.values())
    for member, number in Member.objects.filter(identities__kind="external_id").values_list("pk", "identities__value"):
        assert found.get(str(member), slowly[number]) == slowly[number], number


def relived(document, bought):
    """Points by external id if the programme had been in force; taken back to where we were afterwards.

    Whoever is in a control group depends on the id of a member, so the ids are kept.
    """
    ids = dict(Member.objects.filter(identities__kind="external_id").values_list("identities__value", "pk"))
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT relived")
    try:
        return Relived(document, ids).points(bought)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK TO SAVEPOINT relived")


class Relived:
    """Straightforward and slow: decide each sale with what quote and earning would know, one after the other."""

    def __init__(self, document, ids):
        self.ids = ids
        policies.apply(document=document, actor="test", valid_from=LONG_AGO - timedelta(days=1))
