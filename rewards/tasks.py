"""Tasks of the top floor. A task is only a wake-up for rows that are committed already."""

from celery import shared_task

from loyalty import broker, schedule
from rewards import whatif


@shared_task
def replay_history() -> None:
    """One piece of a what-if run, then room for other tasks before the next one."""
    if whatif.work():
        broker.send("rewards.tasks.replay_history")


@shared_task
def sweep_what_if() -> None:
    """The same for runs that nobody was woken up for."""
    if schedule.claim("rewards.sweep_what_if", every=schedule.SWEEP):
        whatif.sweep()
