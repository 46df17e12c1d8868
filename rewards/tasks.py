"""Tasks of the rewards' floor. A task is only a wake-up for rows that are committed already."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from loyalty import broker, schedule
from rewards import birthdays, corrections, occasions, referrals, whatif

MINUTE = timedelta(minutes=1)
WORK_OFF_CORRECTION = "rewards.tasks.work_off_correction"


@shared_task
def answer_occasions() -> None:
    """Answer what is due. Harmless at any time, in any number."""
    occasions.answer_due()


@shared_task
def sweep_occasions() -> None:
    """The same for what nobody was woken up for, after noting the referrals whose time has come."""
    if schedule.claim("rewards.sweep_occasions", every=MINUTE):
        referrals.settle_all()
        occasions.answer_due()


@shared_task
def note_birthdays() -> None:
    """Note the birthdays of the programme's day; often, since its midnight is not the host's."""
    if schedule.claim("rewards.note_birthdays", every=timedelta(minutes=10)):
        birthdays.note_all()


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


@shared_task
def count_correction(correction_id: str) -> None:
    """Count who got what from a rule, for a page that waits for it."""
    corrections.count(correction=UUID(correction_id))


@shared_task
def work_off_correction(correction_id: str) -> None:
    """Some members of a correction, then the next task; may run twice and any number at once."""
    if not corrections.work_off(correction=UUID(correction_id)):
        broker.send(WORK_OFF_CORRECTION, correction_id)


@shared_task
def sweep_corrections() -> None:
    """Go on with corrections whose wake-up was lost or whose worker died; forget questions that led to nothing."""
    if schedule.claim("rewards.sweep_corrections", every=schedule.SWEEP * 6):
        corrections.forget()
        for correction in corrections.waiting():
            corrections.count(correction=correction)
        for correction in corrections.at_work():
            corrections.work_off(correction=correction)
