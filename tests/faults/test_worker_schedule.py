"""Scheduled jobs: one run for each slot however many beats tick (FAULTS E7), and what they do."""

import threading
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from loyalty import books, clock, due, ledger, schedule, tasks
from loyalty.celery import app
from loyalty.models import Account, Entry, Job, Kind
from members import tasks as member_tasks
from members.models import SignInCode
from tests.size import by_size

ROUNDS = by_size(10, 30, 100)
LONG = timedelta(days=36500)  # one slot for the whole test


def beats(job, count=8):
    """How many of `count` ticks at the same moment won the slot."""
    barrier, won = threading.Barrier(count), []

    def tick():
        try:
            barrier.wait()
            if schedule.claim(job, every=LONG):
                won.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=tick) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def test_of_several_beats_one_runs_the_job(committed):
    assert [beats(f"job {n}") for n in range(ROUNDS)] == [1] * ROUNDS


def test_without_the_condition_several_would_run_it(committed, monkeypatch):
    monkeypatch.setattr(schedule, "CLAIM", schedule.CLAIM.replace("job.slot <> excluded.slot", "true"))
    assert max(beats(f"job {n}") for n in range(ROUNDS)) > 1


@pytest.mark.django_db
def test_the_next_slot_runs_again_also_after_the_clock_went_back():
    assert schedule.claim("job", every=schedule.SWEEP)
    Job.objects.update(slot=1)
    assert schedule.claim("job", every=schedule.SWEEP)
    Job.objects.update(slot=2**40)
    assert schedule.claim("job", every=schedule.SWEEP)


@pytest.mark.django_db
def test_everything_scheduled_exists_and_can_run(settings):
    app.loader.import_default_modules()  # what a worker does when it starts
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        app.tasks[entry["task"]].apply(throw=True)
    beats = {entry["task"].rsplit(".", 1)[1] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    claimed = {name.rpartition(".")[2] for name in Job.objects.values_list("name", flat=True)}
    assert beats <= claimed, beats - claimed


@pytest.mark.django_db
def test_sessions_and_sign_in_codes_that_ran_out_are_dropped_once_a_day():
    now = clock.now()
    for name, ends in (("gone", now - timedelta(minutes=1)), ("live", now + timedelta(minutes=1))):
        Session.objects.create(session_key=name, session_data="", expire_date=ends)
    for name, ends in (("gone", now - timedelta(hours=25)), ("of today", now - timedelta(hours=23))):
        SignInCode.objects.create(address=name, flow="", expires_at=ends)
    tasks.drop_old_sessions()
    member_tasks.drop_old_sign_in_codes()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]
    assert list(SignInCode.objects.values_list("address", flat=True)) == ["of today"]
    Session.objects.create(session_key="gone", session_data="", expire_date=now - timedelta(minutes=1))
    tasks.drop_old_sessions()
    assert Session.objects.count() == 2  # the job of this day is done


def test_tasks_are_given_back_when_a_worker_dies():
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)
    assert (app.conf.worker_prefetch_multiplier, app.conf.task_ignore_result) == (1, True)
    options = app.conf.broker_transport_options
    assert (options["visibility_timeout"], options["unacked_restore_interval"]) == (3600, 5)
    assert tasks.relay_outbox.name == "loyalty.tasks.relay_outbox"
    assert member_tasks.deliver_message.name == "members.tasks.deliver_message"


@pytest.fixture
def ada(db):
    return Account.objects.create()


def grant(account, points, *, expires):
    with transaction.atomic():
        ledger.post(
            account=ledger.lock(account.pk)[0],
            kind=Kind.EARN,
            house=ledger.House.ISSUED,
            points=points,
            reference=f"test:{points}",
            actor="test",
            grants=[ledger.Grant(points, clock.now() - timedelta(days=1), expires)],
        )


def test_points_that_expired_are_written_by_the_sweeper_once(ada, monkeypatch):
    grant(ada, 10, expires=clock.now() + timedelta(hours=1))
    grant(ada, 7, expires=clock.now() + timedelta(days=9))
    assert due.write_changes() == 0
    late = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert [due.write_changes() for _ in range(2)] == [1, 0]
    assert list(Entry.objects.filter(kind=Kind.EXPIRE).values_list("points", flat=True)) == [-10]
    ada.refresh_from_db()
    assert ada.total == 7
    assert books.check().problems == []


@pytest.mark.parametrize("held", [False, True], ids=["by one statement", "with a hold"])
def test_an_account_that_cannot_be_written_holds_up_no_other(ada, monkeypatch, held):
    ben = Account.objects.create()
    for account in (ada, ben):
        grant(account, 10, expires=clock.now() + timedelta(hours=1))
        if held:
            ledger.hold(
                account=ledger.lock(account.pk)[0],
                points=1,
                reference="test:hold",
                expires_at=clock.now() + timedelta(days=1),
            )
    with transaction.atomic():  # what the expiry would be called is taken
        ledger.post(
            account=ledger.lock(ada.pk)[0],
            kind=Kind.ADJUST,
            house=ledger.House.ADJUSTED,
            points=1,
            reference=f"expire:{ada.lots.get().pk}",
            actor="test",
        )
    late = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: late)
    assert due.write_changes() == 1
    assert Entry.objects.get(kind=Kind.EXPIRE).account_id == ben.pk
