"""Tasks of the top floor. A task is only a wake-up for rows that are committed already."""

from uuid import UUID

from celery import shared_task

from loyalty import broker, schedule
from rewards import corrections

WORK_OFF_CORRECTION = "rewards.tasks.work_off_correction"


@shared_task
def work_off_correction(correction_id: str) -> None:
    """Some members of a correction, then the next task; may run twice and any number at once."""
    if not corrections.work_off(correction=UUID(correction_id)):
        broker.send(WORK_OFF_CORRECTION, correction_id)


@shared_task
def sweep_corrections() -> None:
    """Go on with corrections whose wake-up was lost or whose worker died."""
    if schedule.claim("rewards.sweep_corrections", every=schedule.SWEEP * 6):
        for correction in corrections.at_work():
            corrections.work_off(correction=correction)
