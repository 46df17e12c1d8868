"""What-if: what other rules would have given for the stored sales, to the last point, and without a trace."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection

from loyalty import books, policies
from members.models import Member, Sale
from rewards import whatif
from rewards.models import WhatIf, WhatIfChunk
from rewards.whatif import working
from tests.size import by_size

from .conftest import PROGRAMME, TIERS, apply, settings_with
from .whatif_shop import FIRST, LONG_AGO, Visit, ask, earned, join, sell, visits

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
            {"code": "shops", "stores": ["harbour"], "budget": {"points": 150},
             "rules": [{**FIRST_50, "code": "shop"}]},
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


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "a control group"])
def test_a_draft_gives_what_earning_gives_for_the_same_sales_under_it(db, name):
    apply(rules=[{**BASE, "points": 1, "per": "1000000"}])
    draft = {**PROGRAMME, **DOCUMENTS[name]}
    bought = visits(70 + len(name), members=5, sales=60, stores=("main", "harbour"))
    people = join(5)
    sell(people, bought)
    run = ask(draft, as_dated=True)
    assert run.status == WhatIf.Status.DONE, (run.problem, run.detail)
    # The slow way: others like them buy the same under the draft.
    policies.apply(document=draft, actor="test", valid_from=LONG_AGO)
    others = join(5)
    sell(others, bought, receipts="X")
    slowly = earned("X")
    assert run.result["points"] == [0, sum(slowly.values())]
    found = by_member(run)
    for one, other in zip(people, others, strict=True):
        assert found.get(str(one.pk), (0, 0)) == (0, slowly.get(str(other.pk), 0))
    limits = [row for row in run.result["limits"] if row["side"] == "draft"]
    assert all(row["taken"] <= row["limit"] for row in limits)


def test_whatever_the_programme_and_the_history_replay_and_ledger_agree(db):
    """Random mixtures of the rules above: put in force for all time, earned under, and replayed."""
    for seed in range(by_size(3, 20, 150)):
        document = mixture(random.Random(seed), str(seed))
        policies.apply(document=document, actor="test", valid_from=LONG_AGO)
        since = LONG_AGO + timedelta(days=40 + 11 * seed)
        bought = visits(seed, members=3, sales=25, stores=("main", "harbour"), begins=since, gap=600)
        sell(join(3, since), bought, receipts=f"R{seed}-")
        run = ask(document, as_dated=True, since=since, until=since + timedelta(days=11))
        assert run.result["sales"] == 25
        assert run.result["points"] == [sum(earned(f"R{seed}-").values())] * 2, document


def mixture(chance, name):
    """A programme of two of the documents above, its codes unlike those of any other, so that counters start empty."""
    parts = [DOCUMENTS[one] for one in chance.sample(sorted(DOCUMENTS), 2)]
    campaigns = {one["code"]: one for part in parts for one in part.get("campaigns", [])}
    inner = {rule["code"] for one in campaigns.values() for rule in one["rules"]}
    rules = {rule["code"]: rule for part in parts for rule in part["rules"] if rule["code"] not in inner}

    def named(one):
        return {**one, "code": f"{one['code']}-{name}"}

    return {
        **PROGRAMME,
        **parts[0],
        **parts[1],
        "rules": [named(rule) for rule in rules.values()],
        "campaigns": [{**named(one), "rules": [named(rule) for rule in one["rules"]]} for one in campaigns.values()],
    }


# What it says besides


def test_nothing_is_written_to_the_books(history):
    def everything():
        tables = [name for name in connection.introspection.table_names() if "whatif" not in name]
        with connection.cursor() as cursor:
            found = {}
            for table in tables:
                cursor.execute(f'SELECT count(*), sum(hashtext(t::text)::bigint) FROM "{table}" t')
                found[table] = cursor.fetchone()
            return found

    before = everything()
    assert ask(RICHER).status == WhatIf.Status.DONE
    assert everything() == before
    assert books.check().problems == []


def test_sums_by_rule_store_and_tier_add_up_to_the_whole(history):
    result = ask({**PROGRAMME, "rules": [BASE], "campaigns": [campaign(100)]}).result
    for part in ("stores", "tiers"):
        assert [sum(row[side] for row in result[part]) for side in ("before", "after")] == result["points"]
        assert sum(row["sales"] for row in result[part]) == result["sales"]
    for side, total in zip(("before", "after"), result["points"], strict=True):
        assert sum(row[side]["points"] for row in result["rules"] if row[side]) == total
    assert sum(row["members"] for row in result["histogram"]) == result["members"]["all"]
    (budget,) = [row for row in result["limits"] if row["side"] == "draft"]
    assert (budget["key"], budget["taken"], budget["limit"]) == ("campaign:spring", 100, 100)
    assert result["campaigns"] == [{"campaign": "spring", "before": None, "after": 100}]


def test_a_budget_is_said_to_run_out_when_the_sale_that_took_the_last_of_it_happened(db):
    apply(rules=[BASE])
    bought = [Visit(0, FIRST + timedelta(days=day), "main", (("CUP", "other", 500, 1),)) for day in range(6)]
    sell(join(1), bought)
    ten = {"code": "ten", "kind": "fixed", "points": 10}
    run = ask({**PROGRAMME, "rules": [BASE], "campaigns": [{"code": "c", "budget": {"points": 25}, "rules": [ten]}]})
    (limit,) = run.result["limits"]
    assert (limit["taken"], limit["out_at"]) == (25, (FIRST + timedelta(days=2)).isoformat())
    assert run.result["capped"] == {"campaign:c": 1}


def test_a_campaign_of_next_year_is_tried_on_the_past_unless_its_dates_are_kept(history):
    later = campaign(window={"from": "2090-01-01T00:00:00+00:00", "until": "2090-02-01T00:00:00+00:00"})
    draft = {**PROGRAMME, "campaigns": [later]}
    assert ask(draft).result["points"][1] > ask(draft, as_dated=True).result["points"][1]
    over = campaign(window={"from": "2026-01-01T00:00:00+00:00", "until": "2026-02-01T00:00:00+00:00"})
    same = ask({**PROGRAMME, "campaigns": [over]}).result["points"]
    assert same[0] == same[1]


def test_members_move_up_and_down_with_new_thresholds(history):
    spend = sorted(Member.objects.values_list("spend_minor", flat=True))
    levels = [{**level, "from": value} for level, value in zip(TIERS[0]["levels"], ("0", "0.50", "1"), strict=True)]
    moves = ask({**PROGRAMME, "tiers": [{**TIERS[0], "levels": levels}]}).result["moves"]
    below_gold = sum(1 for one in spend if 100 <= one < 50_000)
    assert sum(row["members"] for row in moves if row["up"]) == below_gold + sum(1 for one in spend if one < 100)
    none = ask({**PROGRAMME, "tiers": [], "rules": [BASE]}).result["moves"]
    assert none and not any(row["up"] for row in none) and sum(row["members"] for row in none) == len(spend)


def test_a_period_takes_its_sales_and_knows_what_members_had_bought_before_it(history):
    middle = Sale.objects.order_by("occurred_at")[20].occurred_at
    early, late = ask(PROGRAMME, until=middle).result, ask(PROGRAMME, since=middle).result
    whole = ask(PROGRAMME).result
    assert early["sales"] == 20 and late["sales"] == 20
    assert [a + b for a, b in zip(early["points"], late["points"], strict=True)] == whole["points"]


def test_voided_sales_and_those_of_nobody_are_left_out_and_counted(history):
    Sale.objects.filter(pk=Sale.objects.first().pk).update(status="voided")
    run = ask(PROGRAMME)
    assert run.result["sales"] == 39 and run.result["left_out"]["voided"] == 1


def test_three_real_sales_show_both_decisions(history):
    samples = ask(RICHER).result["samples"]
    assert len(samples) == 3
    for one in samples:
        stored = Sale.objects.get(pk=one["sale"]).decision
        assert one["points"][0] == stored.points
        assert one["bodies"][0]["lines"] == stored.body["lines"] and one["bodies"][1]["rules"][0]["rule"] == "base"


# How it is worked out


def test_a_chunk_that_was_begun_and_left_is_begun_anew_and_counts_once(history):
    run = whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    assert whatif.work()  # cut up
    working._begin(run.pk)  # and the worker is gone
    assert whatif.work()
    while whatif.work():
        pass
    run.refresh_from_db()
    assert run.status == WhatIf.Status.DONE and run.result["sales"] == 40


def test_a_chunk_that_kills_every_worker_ends_the_run_with_a_reason(history):
    run = whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    assert whatif.work()
    WhatIfChunk.objects.filter(run=run).update(tries=working.MOST_TRIES)
    assert not whatif.work()
    run.refresh_from_db()
    assert (run.status, run.problem) == (WhatIf.Status.FAILED, "part")


def test_a_cancelled_run_stops(history):
    run = whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    assert whatif.work() and whatif.work()
    assert whatif.cancel(run=run) and not whatif.cancel(run=run)
    assert not whatif.work()
    run.refresh_from_db()
    assert run.status == WhatIf.Status.CANCELLED and run.result is None


def test_a_fault_is_told_in_words_and_ends_the_run(history, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    run = whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    monkeypatch.setattr("rewards.whatif.replay.Comparison.member", broken)
    while whatif.work():
        pass
    run.refresh_from_db()
    assert (run.status, run.problem) == (WhatIf.Status.FAILED, "unexpected") and "ZeroDivisionError" in run.detail


def test_several_are_asked_at_once_and_only_so_many(history):
    for _ in range(5):
        whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    with pytest.raises(whatif.WhatIfRefused) as refused:
        whatif.start(document=RICHER, name="x", since=None, until=None, actor="test")
    assert refused.value.code == "too_many"
    while whatif.work():
        pass
    results = list(WhatIf.objects.values_list("status", "result__points"))
    assert len(results) == 5 and len({str(one) for one in results}) == 1 and results[0][0] == "done"


def test_what_cannot_be_replayed_is_refused_before_it_starts(history):
    for document, code in [
        ({**PROGRAMME, "settings": settings_with(currency="EUR")}, "currency"),
        ({**PROGRAMME, "rules": [{**BASE, "kind": "gift"}]}, "rules"),
        ({"loyalty": 1, "rules": 7}, "rules"),
    ]:
        with pytest.raises(whatif.WhatIfRefused) as refused:
            whatif.start(document=document, name="x", since=None, until=None, actor="test")
        assert refused.value.code == code
    assert not WhatIf.objects.exists()


def test_a_history_without_sales_is_done_at_once(programme):
    run = ask(RICHER)
    assert run.status == WhatIf.Status.DONE and run.result["sales"] == 0 and run.result["samples"] == []
