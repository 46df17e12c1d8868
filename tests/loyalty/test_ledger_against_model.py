"""Random operations on an account and on the plain model must agree to the point (FAULTS T3).

A failing run prints the steps to repeat it.
"""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from loyalty import books, ledger, statements
from loyalty.errors import HoldExpired, InsufficientPoints, RedemptionCancelled, RedemptionSettled
from loyalty.ledger import Grant, House
from loyalty.models import Account, Kind
from tests.loyalty.model import Model
from tests.size import by_size

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
POINTS = st.integers(1, 200)
CLOSED = {"settled": RedemptionSettled, "cancelled": RedemptionCancelled, "expired": HoldExpired}


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.traveller = time_machine.travel(START, tick=False)
        self.clock = self.traveller.start()
        self.model = Model(START)
        self.account = Account.objects.create()
        self.number = 0
        self.earned, self.spent, self.held, self.reversed = [], [], [], set()

    def teardown(self):
        self.traveller.stop()

    @property
    def locked(self):
        return ledger.lock(self.account.pk)[0]

    def reference(self, kind):
        self.number += 1
        return f"{kind}:{self.number}"

    @initialize()
    def first(self):
        self.earn(100, 0, 30)

    @rule(points=POINTS, pending=st.sampled_from([0, 0, 0, 1, 3]), lives=st.sampled_from([None, 1, 2, 7, 30]))
    def earn(self, points, pending, lives):
        available = self.model.now + timedelta(days=pending)
        expires = available + timedelta(days=lives) if lives else None
        entry = ledger.post(
            account=self.locked, kind=Kind.EARN, house=House.ISSUED, points=points, reference=self.reference("sale"),
            actor="test", grants=[Grant(points, available, expires)],
        )  # fmt: skip
        self.earned.append((entry, self.model.earn(points, available, expires)))

    @rule(points=POINTS, allow_debt=st.booleans())
    def spend(self, points, allow_debt):
        expected = self.model.spend(points, allow_debt)
        try:
            entry = ledger.post(
                account=self.locked, kind=Kind.REDEEM, house=House.REDEEMED, points=-points,
                reference=self.reference("redemption"), actor="test", allow_debt=allow_debt,
            )  # fmt: skip
        except InsufficientPoints:
            assert expected is None
        else:
            self.spent.append((entry, expected))
            assert expected is not None

    @rule(extra=st.integers(1, 60))
    def overdraw(self, extra):
        self.spend(self.model.available + extra, True)

    @rule(points=POINTS, minutes=st.sampled_from([15, 60 * 30]))
    def hold(self, points, minutes):
        until = self.model.now + timedelta(minutes=minutes)
        expected = self.model.hold(points, until)
        try:
            held = ledger.hold(
                account=self.locked, points=points, reference=self.reference("redemption"), expires_at=until
            )
        except InsufficientPoints:
            assert expected is None
        else:
            assert expected is not None
            self.held.append((held, expected))

    @rule(data=st.data(), settle=st.booleans())
    def resolve(self, data, settle):
        if not self.held:
            return
        held, expected = data.draw(st.sampled_from(self.held))
        account = self.locked
        if expected.status != "held":
            with pytest.raises(CLOSED[expected.status]):
                ledger.release(hold=held, account=account)
        elif settle:
            entry = ledger.settle(hold=held, account=account, reference=held.reference, actor="test")
            self.spent.append((entry, self.model.settle(expected)))
        else:
            ledger.release(hold=held, account=account)
            self.model.put_back(expected, "cancelled", self.model.now)

    @rule(data=st.data(), share=st.integers(1, 4))
    def give_back(self, data, share):
        if not self.spent:
            return
        entry, expected = data.draw(st.sampled_from(self.spent))
        left = sum(part[2] for part in expected.parts)
        points = left // share
        if points == 0 or expected.owed:
            return
        ledger.give_back(
            account=self.locked, entry=entry, points=points, reference=self.reference("give_back"), actor="test"
        )
        self.model.give_back(expected, points)

    @rule(data=st.data(), allow_debt=st.booleans())
    def reverse_earning(self, data, allow_debt):
        entry, lot = data.draw(st.sampled_from(self.earned))
        if entry.pk in self.reversed:
            before = self.model.balance
            ledger.reverse(account=self.locked, entry=entry, actor="test")
            assert self.model.balance == before
            return
        done = self.model.take_back(lot, entry.points, allow_debt)
        try:
            ledger.reverse(account=self.locked, entry=entry, actor="test", allow_debt=allow_debt)
        except InsufficientPoints:
            assert not done
        else:
            assert done
            self.reversed.add(entry.pk)

    @rule(hours=st.sampled_from([1, 12, 24, 24 * 8]))
    def wait(self, hours):
        self.model.advance(timedelta(hours=hours))
        self.clock.move_to(self.model.now)

    @invariant()
    def the_balance_is_the_models(self):
        assert ledger.balance(ledger.current(self.account.pk)) == self.model.balance

    @invariant()
    def the_wallet_adds_up(self):
        wallet = statements.wallet(self.account.pk)
        assert sum(row.points for row in wallet.expiring) == self.model.available
        assert sum(row.points for row in wallet.pending) == self.model.pending

    @invariant()
    def the_database_agrees(self):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.django_db
def test_random_operations_agree_with_the_model():
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=by_size(100, 500, 4000),
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    assert books.check().problems == []
