"""How much one person may correct in a day: alone, and in all. Cutting it into parts, or undoing it, does not help."""

from __future__ import annotations

from datetime import date

import pytest

from loyalty import clock, roles, staff_limits
from loyalty.models import Role, StaffAct
from loyalty.staff_limits import DailyLimit
from rewards import corrections
from rewards.corrections import preparing
from tests.rewards.conftest import balance

from .test_corrections import below_zero, hire, prepared

RECEIPTS = 4  # of 100 points each in error


@pytest.fixture
def sold(till):
    below_zero("refuse")
    for number in range(RECEIPTS):
        till.sell("10.00", f"R-{number}", occurred_at=f"2026-05-0{number + 1}T12:00:00-04:00")


def part(user, number: int, **more):
    """A correction of one of the days, prepared."""
    first = clock.start_of(date(2026, 5, number + 1), _zone())
    return prepared(user, scope=corrections.Scope("wrong", first, first.replace(hour=23)), **more)


def start(found, user):
    return corrections.start(correction=found.pk, content_hash=found.content_hash, user=user)


def worked(found, user):
    start(found, user)
    assert corrections.work_off(correction=found.pk)
    found.refresh_from_db()
    return found


def test_cut_into_parts_it_still_needs_a_second_person(sold, ada):
    """Finding 27: every day alone was below the limit, and nobody added them up."""
    below_zero("refuse", second_person_over=250)
    cleo, dora = hire(Role.MARKETER), hire(Role.FINANCE)
    parts = [part(cleo, number) for number in range(3)]
    assert [one.needs_second for one in parts] == [False] * 3
    for one in parts[:2]:
        start(one, cleo)
    with pytest.raises(preparing.SecondPersonNeeded):
        start(parts[2], cleo)
    parts[2].refresh_from_db()
    assert parts[2].needs_second and parts[2].state == "prepared"
    assert part(cleo, 3).needs_second
    start(parts[2], dora)
    allowed = staff_limits.today(roles.actor(cleo))
    assert (allowed.alone, allowed.moved, allowed.left_alone) == (200, 300, 50)
    assert staff_limits.today(roles.actor(dora)).moved == 0


def test_an_undo_counts_and_what_was_withdrawn_does_not(sold, ada):
    below_zero("refuse", second_person_over=250)
    cleo = hire(Role.MARKETER)
    corrections.withdraw(correction=part(cleo, 0).pk, user=cleo)
    assert staff_limits.today(roles.actor(cleo)).alone == 0
    done = worked(part(cleo, 0), cleo)
    assert corrections.undo(correction=done.pk, reason="Right", user=cleo).state == "undoing"
    assert corrections.work_off(correction=done.pk)
    assert staff_limits.today(roles.actor(cleo)).alone == 200
    with pytest.raises(preparing.SecondPersonNeeded):
        start(part(cleo, 0), cleo)
    assert balance(ada)["total"] == 440


def test_an_administrator_alone_is_one_person_too(sold):
    below_zero("refuse", second_person_over=150)
    boss = hire(Role.ADMINISTRATOR)
    start(part(boss, 0), boss)
    with pytest.raises(preparing.SecondPersonNeeded):
        start(part(boss, 1), boss)


def test_over_the_limit_of_the_day_nobody_approves_it(sold):
    below_zero("refuse", second_person_over=50, daily_per_person=250)
    cleo, dora = hire(Role.MARKETER), hire(Role.FINANCE)
    for number in range(2):
        start(part(cleo, number), dora)
    third = part(cleo, 2)
    with pytest.raises(DailyLimit) as refused:
        start(third, dora)
    assert refused.value.extra == {"points": 100, "left": 50, "limit": 250}
    StaffAct.objects.update(day=clock.day_of(clock.now(), _zone()).replace(year=2020))
    start(third, dora)


def test_what_is_more_than_any_day_allows_is_not_even_prepared(sold):
    below_zero("refuse", second_person_over=50, daily_per_person=250)
    with pytest.raises(DailyLimit):
        prepared(hire(Role.MARKETER))


def test_an_undo_is_within_the_day_as_well(sold):
    below_zero("refuse", second_person_over=None, daily_per_person=150)
    cleo = hire(Role.MARKETER)
    done = worked(part(cleo, 0), cleo)
    with pytest.raises(DailyLimit):
        corrections.undo(correction=done.pk, reason="Right", user=cleo)


def test_without_limits_one_person_does_it_all(sold, ada):
    below_zero("refuse", second_person_over=None, daily_per_person=None)
    cleo = hire(Role.MARKETER)
    worked(prepared(cleo), cleo)
    assert balance(ada)["total"] == 40
    assert staff_limits.today(roles.actor(cleo)).left_alone is None


def _zone():
    return preparing.policies.current().zone
