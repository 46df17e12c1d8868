"""What-if: what other rules would have given for the stored sales, to the last point, and without a trace."""

from __future__ import annotations

import pytest

from loyalty import books, policies
from rewards.models import WhatIf

from .conftest import PROGRAMME, TIERS, apply
from .whatif_shop import LONG_AGO, ask, earned, join, sell, visits

RICHER = {**PROGRAMME, "rules": [{"code": "base", "kind": "per_amount", "points": 2, "per": "1"}]}


@pytest.fixture
def history(programme):
    people = join(4)
    sell(people, visits(1, members=4, sales=40, stores=("main", "harbour")))
    return people


def test_the_rules_under_which_a_history_was_earned_give_exactly_its_points_again(history):
    run = ask(PROGRAMME)
    assert run.status == WhatIf.Status.DONE, (run.problem, run.detail)
    total = sum(earned().values())
    assert run.result["points"] == [total, total] and total > 0
    assert (run.result["sales"], run.result["changed_sales"]) == (40, 0)
    assert run.result["members"] == {"all": 4, "gain": 0, "lose": 0}
