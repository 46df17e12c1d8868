"""Revenue of points: the worked cases to the unit, and what must hold for all numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.liability import revenue
from loyalty.liability.revenue import Step

HUNDREDTH = Fraction(1, 100)


def percent(number: int) -> Fraction:
    return Fraction(number, 100)


def test_the_worked_case():
    """9,000 allocated to 10,000 points; 97 % expected; year 2: 4,500 redeemed; then 4,000 more at 99 % or 92 %."""
    second = Step(4_500, revenue.expected(10_000, percent(97)))
    assert second.expected == 9_700
    more = {rate: Step(8_500, revenue.expected(10_000, percent(rate))) for rate in (99, 92)}
    assert revenue.schedule(9_000, [second, more[99]]) == [4_175, 3_552]
    assert revenue.schedule(9_000, [second, more[92]]) == [4_175, 4_140]


def test_example_52_of_the_standard():
    """IFRS 15.IE267–IE270: 100,000 paid, 10,000 points worth 1, 95 % expected; 4,500 redeemed, then 8,500 of 9,700."""
    allocation = revenue.allocated(100_000, 100_000, 10_000, Fraction(1), percent(95))
    assert (allocation, 100_000 - allocation) == (8_676, 91_324)
    assert revenue.schedule(allocation, [Step(4_500, 9_500), Step(8_500, 9_700)]) == [4_110, 3_493]


@pytest.mark.parametrize(
    ("exact", "whole"),
    [("1/2", 1), ("3/2", 2), ("5/2", 3), ("-1/2", -1), ("49/100", 0), ("0", 0), ("-3/2", -2), ("1/3", 0), ("2/3", 1)],
)
def test_halves_go_up(exact, whole):
    assert revenue.rounded(Fraction(exact)) == whole


@pytest.mark.parametrize("rate", [Fraction(-1, 100), Fraction(101, 100)])
def test_a_rate_is_a_share(rate):
    with pytest.raises(ValueError, match="from 0 to 1"):
        revenue.expected(100, rate)


def test_an_estimate_that_falls_gives_revenue_back():
    """8,500 of 9,200 and then the same of 9,900: the catch-up is negative."""
    assert revenue.schedule(9_000, [Step(8_500, 9_200), Step(8_500, 9_900)]) == [8_315, -588]


def test_what_expired_last_closes_the_account():
    assert revenue.recognised(9_000, Step(4_000, 9_000), outstanding=0) == 9_000
    assert revenue.recognised(9_000, Step(0, 0), outstanding=0) == 9_000
    assert revenue.recognised(9_000, Step(9_500, 9_000), outstanding=500) == 8_550  # passed, and 500 are still out
    assert revenue.recognised(9_000, Step(0, 9_000), outstanding=10_000) == 0


money = st.integers(0, 10**12)
points = st.integers(0, 10**9)
rates = st.fractions(0, 1, max_denominator=10_000)


@given(allocation=money, issued=st.integers(1, 10**9), data=st.data())
def test_revenue_never_exceeds_the_allocation_and_ends_exactly_at_it(allocation, issued, data):
    redeemed = sorted(data.draw(st.lists(st.integers(0, issued), min_size=1, max_size=12)))
    steps = [Step(so_far, revenue.expected(issued, data.draw(rates))) for so_far in redeemed]
    parts = revenue.schedule(allocation, steps)
    running = 0
    for part in parts:
        running += part
        assert 0 <= running <= allocation
    last = Step(redeemed[-1], max(redeemed[-1], 1) if redeemed[-1] else 0)
    closing = revenue.recognised(allocation, last, outstanding=0)
    assert running + (closing - running) == closing == allocation


@given(allocation=money, expected=st.integers(1, 10**9), data=st.data())
def test_with_one_estimate_revenue_only_grows_and_does_not_depend_on_the_steps(allocation, expected, data):
    redeemed = sorted(data.draw(st.lists(st.integers(0, expected), max_size=12)))
    parts = revenue.schedule(allocation, [Step(so_far, expected) for so_far in [*redeemed, expected]])
    assert all(part >= 0 for part in parts) and sum(parts) == allocation


@given(price=money, goods=money, given_points=points, value=st.fractions(0, 1000, max_denominator=1000), rate=rates)
def test_an_allocation_is_a_part_of_the_price(price, goods, given_points, value, rate):
    part = revenue.allocated(price, goods, given_points, value, rate)
    assert 0 <= part <= price
    more = revenue.allocated(price, goods, given_points + 1, value, rate)
    assert more >= part


@given(outstanding=st.integers(-(10**9), 10**9), rate=rates, value=st.fractions(0, 100, max_denominator=1000))
def test_sensitivity_is_in_order_and_within_what_is_out(outstanding, rate, value):
    rows = revenue.sensitivity(outstanding, rate, value)
    assert [row.change for row in rows] == [-5, -1, 0, 1, 5]
    assert [row.points for row in rows] == sorted(row.points for row in rows)
    assert all(0 <= row.points <= max(outstanding, 0) for row in rows)
    assert rows[2].points == revenue.expected(max(outstanding, 0), rate)
