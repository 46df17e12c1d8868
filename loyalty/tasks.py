"""Tasks of the ground floor. A task is only a wake-up for rows that are committed already."""

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore

from loyalty import clock, dayend, due, outbox, reminders, replies, schedule
from loyalty.liability import daybook
from loyalty.sandbox import moving


@shared_task
def relay_outbox() -> None:
    """Carry what is in the outbox to its handlers. Harmless at any time, in any number."""
    outbox.relay()


@shared_task
def sweep_outbox() -> None:
    """The same for what nobody was woken up for."""
    if schedule.claim("loyalty.sweep_outbox", every=schedule.SWEEP):
        outbox.relay()


@shared_task
def write_due_changes() -> None:
    """Close the days that are over, in order, then write what has become due since: points that expired or became
    available, holds that timed out."""
    if schedule.claim("loyalty.write_due_changes", every=due.PERIOD):
        dayend.close_due()
        due.write_changes()


@shared_task
def move_clock() -> None:
    """Move the test clock of a sandbox to where somebody on the staff side asked for."""
    if settings.LOYALTY_SANDBOX:
        moving.go_on()


@shared_task
def tell_of_dates() -> None:
    """Notices of points that end soon or now count, for a programme that was applied or mended in the day's course."""
    if schedule.claim("loyalty.tell_of_dates", every=reminders.PERIOD):
        reminders.tell_all()


@shared_task
def drop_old_replies() -> None:
    """Delete stored replies that are past their time."""
    if schedule.claim("loyalty.drop_old_replies", every=replies.DROPPED_EVERY):
        replies.drop_old(now=clock.now())


@shared_task
def drop_old_sessions() -> None:
    """Delete the sessions of browsers that ran out."""
    if schedule.claim("loyalty.drop_old_sessions", every=schedule.DAILY):
        SessionStore.clear_expired()


@shared_task
def sum_day_book() -> None:
    """Add new entries to the day book. Nothing depends on when it runs: readers add what is missing."""
    if schedule.claim("loyalty.sum_day_book", every=daybook.PERIOD):
        daybook.bring_up_to_date()
