"""Sales worked by hand, by the engine and by an oracle that shares no code with it: three times the same number."""

import pytest

from . import golden_campaigns, golden_money, golden_rules
from .oracle_stages import work_out
from .worked import decide

CASES = golden_money.CASES + golden_rules.CASES + golden_campaigns.CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_a_sale_earns_what_was_worked_out_by_hand(case):
    decision = decide(case.document, case.sale, case.member)
    assert decision.points == case.points
    if case.lines is not None:
        assert list(decision.line_points().values()) == case.lines
    if case.by_rule is not None:
        assert {given.rule.code: given.total for given in decision.given if given.total} == case.by_rule
    assert sorted(decision.rewards) == sorted(case.rewards)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_the_oracle_says_so_too(case):
    worked = work_out(case.document, case.sale, case.member)
    assert worked.points == case.points
    if case.lines is not None:
        assert worked.lines == case.lines
    if case.by_rule is not None:
        assert worked.by_rule == case.by_rule
    assert worked.rewards == sorted(case.rewards)


def test_there_are_enough_of_them():
    assert len(CASES) >= 150
    assert len({case.why for case in CASES}) == len(CASES)
    kinds = {rule["kind"] for case in CASES for rule in case.document["rules"]}
    assert kinds >= {"per_amount", "per_unit", "per_visit", "fixed", "multiplier", "stamps", "streak"}
    assert {case.document["settings"]["currency"] for case in CASES} == {"JPY", "USD", "KWD"}
