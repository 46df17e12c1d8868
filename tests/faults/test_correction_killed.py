"""kill -9 of a worker in the middle of a correction, and several at once: each member once, books in balance."""

from __future__ import annotations

import os
import signal
import uuid
from functools import partial
from pathlib import Path

import pytest
from django.db.models import Count, Sum

from loyalty import books, broker, clock, staff
from loyalty.models import Account, Entry, Kind, Role
from loyalty.runtime.processes import wait_until
from members.models import Message
from rewards import corrections
from rewards.corrections import working
from rewards.corrections.preparing import TASK
from rewards.models import Correction, CorrectionPart, SharedCounter
from tests.faults.messaging import post_office
from tests.races.crowd import at_once
from tests.races.test_budgets import sell
from tests.rewards.conftest import apply, settings_with
from tests.rewards.whatif_shop import join
from tests.size import by_size

MEMBERS = by_size(60, 150, 400)
KILLS = by_size(1, 4, 12)  # of each way to die, in the correction and in its undo
GIFT = {"code": "fair", "budget": {"points": 10**6}, "rules": [{"code": "gift", "kind": "fixed", "points": 7}]}


@pytest.fixture
def cleo(committed):
    apply(
        rules=[],
        campaigns=[GIFT],
        settings=settings_with(
            adjustments={"below_zero": "refuse", "second_person_over": None, "daily_per_person": None}
        ),
    )
    for member in join(MEMBERS):
        sell(member, f"R-{member.pk}")
    return staff.create(email="cleo@staff.example", role=Role.MARKETER, name="Cleo", password="x" * 14, actor="test")


def begun(user) -> Correction:
    now = clock.now()
    scope = corrections.Scope("gift", now.replace(year=now.year - 1), now.replace(year=now.year + 1))
    key = corrections.look(correction=uuid.uuid4(), scope=scope, user=user).pk
    assert corrections.count(correction=key)
    found = corrections.prepare(correction=key, deed="take_back", reason="Wrong", words={}, user=user)
    return corrections.start(correction=key, content_hash=found.content_hash, user=user)


def done(found: Correction, state: str) -> int:
    return CorrectionPart.objects.filter(correction=found, state=state).count()


def is_in(found: Correction, state: str) -> bool:
    found.refresh_from_db()
    return found.state == state


def assert_each_member_once(found: Correction, kind: str, points: int, code: str) -> None:
    entries = Entry.objects.filter(kind=kind)
    assert entries.count() == MEMBERS and set(entries.values_list("points", flat=True)) == {points}
    told = Message.objects.filter(code=code, channel="inbox").values("member").annotate(n=Count("pk"))
    assert sorted(told.values_list("n", flat=True)) == [1] * MEMBERS
    assert books.check().problems == []


def test_killed_workers_settle_each_member_once_and_so_does_the_undo(cleo, committed, tmp_path):
    with post_office(tmp_path, committed) as post, post.beat(), post.worker(processes=1) as worker:
        found = begun(cleo)
        kill_between(worker, found, partial(done, found, "done"), partial(is_in, found, "done"))
        assert wait_until(lambda: is_in(found, "done"), 120)
        assert_each_member_once(found, Kind.ADJUST, -7, "points-taken-back")
        assert Account.objects.aggregate(sum=Sum("total"))["sum"] == 0
        found = corrections.undo(correction=found.pk, reason="Right after all", user=cleo)
        kill_between(worker, found, partial(done, found, "undone"), partial(is_in, found, "undone"))
        assert wait_until(lambda: is_in(found, "undone"), 120)
    assert_each_member_once(found, Kind.REINSTATE, 7, "points-given-back")
    counter = SharedCounter.objects.get()
    assert (counter.granted, counter.taken_back) == (7 * MEMBERS, 0)


def kill_between(worker, found: Correction, settled, over) -> None:
    """Kill the worker, or the one process that works, each time after it settled somebody more.

    The last death is left to the sweep to find; after the others the wake-up is sent again, to be quicker.
    """
    for kill in range(KILLS):
        before = settled()
        wait_until(lambda before=before: settled() > before or over(), 60)
        if found.state == Correction.State.UNDOING:
            children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
            os.kill(int(children[0]), signal.SIGKILL)
        else:
            worker.kill()
            worker.start()
        if kill < KILLS - 1 or over():
            broker.send(TASK, str(found.pk))


def test_several_workers_at_once_share_the_members(cleo):
    found = begun(cleo)
    worked = at_once([partial(corrections.work_off, correction=found.pk)] * by_size(3, 6, 12))
    assert not [one for one in worked if isinstance(one, Exception)], worked
    assert wait_until(lambda: corrections.work_off(correction=found.pk) and is_in(found, "done"), 60)
    assert set(found.parts.values_list("state", "attempts")) == {("done", 0)}
    assert_each_member_once(found, Kind.ADJUST, -7, "points-taken-back")


def test_without_the_claim_they_do_it_twice(cleo, monkeypatch):
    """The control: a part that is not locked is taken up by several; the second overwrites what the first did."""

    def unlocked(correction: Correction) -> CorrectionPart | None:
        waiting = CorrectionPart.objects.filter(correction=correction, state="waiting", attempts__lt=working.ATTEMPTS)
        return waiting.order_by("attempts", "id").first()

    monkeypatch.setattr(working, "_claim", unlocked)
    found = begun(cleo)
    at_once([partial(corrections.work_off, correction=found.pk)] * 4)
    assert found.parts.exclude(state="done", attempts=0, taken=7).exists()
