"""Living a demo's months again, through the operations that the API calls.

Safe to stop at any point and to run again: events happen in one order, some hundred to a transaction, and what has
happened is told by external ids and receipt numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.db import connection, transaction

from loyalty import policies, rows
from loyalty.models import Programme
from members.consent import Choice
from members.enrolment import enrol
from members.models import Identity, Sale
from rewards import programme_file
from rewards.demo import invented, log, shops
from rewards.demo.people import external_id, person
from rewards.earning import Receipt, record_sale

ACTOR = "system:demo"
DOCUMENT = Path(__file__).parent / "cdnow.json"
PROGRAMMES = Path(__file__).parent / "programmes"
CDNOW = "cdnow"
DEMOS = (CDNOW, *shops.SHOPS)
AT_ONCE = 100  # events in one transaction
LOCK = "loyalty.demo"

Progress = Callable[[float], None]  # the share that is done, 0 to 1


class ProgrammeInUseError(RuntimeError):
    """Somebody's own programme runs here: the demo stays away from it."""


def replay(*, progress: Progress, customers: int | None = None, demo: str = CDNOW) -> int:
    """Apply a demo's programme and let everything happen that has not yet; the first `customers` only, if given.

    Returns how many events that were. Raises ProgrammeInUseError.
    """
    with _alone(), _quick_commits():
        first = _apply_programme(demo)
        everything = [e for e in history(demo, first.applied_at) if customers is None or e.customer <= customers]
        members, receipts = _known()
        waiting = [event for event in everything if not _happened(event, members, receipts, demo)]
        done = len(everything) - len(waiting)
        newest = Programme.objects.latest("version")
        for start in range(0, len(waiting), AT_ONCE):
            progress((done + start) / len(everything))
            with policies.newest_is(newest.version, newest.applied_at):
                _live(waiting[start : start + AT_ONCE], members, demo)
    return len(waiting)


def history(demo: str, until: datetime) -> list[log.Event]:
    """Everything that happens in a demo, oldest first. What is invented ends on the day before `until`."""
    return log.events(log.purchases() if demo == CDNOW else invented.purchases(shops.SHOPS[demo], until=until))


def programme_of(demo: str) -> Path:
    """The programme file of a demo."""
    return DOCUMENT if demo == CDNOW else PROGRAMMES / f"{demo}.yaml"


def _apply_programme(demo: str) -> Programme:
    """The demo's is the first version, in force for all earlier time; later versions are somebody's own affair."""
    first = Programme.objects.order_by("version").first()
    text = programme_of(demo).read_bytes().decode()
    if first is None:
        return programme_file.apply(text=text, actor=ACTOR)
    if first.actor != ACTOR or first.document.get("name") != programme_file.read(text).document["name"]:
        raise ProgrammeInUseError(f"There is a programme already, and it is not that of the demo {demo}.")
    return first


def _known() -> tuple[dict[str, UUID], set[str]]:
    """Members by external id, and receipt numbers, of earlier runs."""
    members = Identity.objects.filter(kind=Identity.Kind.EXTERNAL).values_list("value", "member_id")
    return dict(members), set(Sale.objects.filter(actor=ACTOR).values_list("receipt", flat=True))


def _happened(event: log.Event, members: dict[str, UUID], receipts: set[str], demo: str) -> bool:
    if isinstance(event, log.Joining):
        return external_id(event.customer, demo) in members
    return event.receipt in receipts


def _live(events: Sequence[log.Event], members: dict[str, UUID], demo: str) -> None:
    """Some events in one transaction: all of them, or none. What concerns different people is written together."""
    with transaction.atomic():
        for wave in _waves(events):
            with rows.together():
                for event in wave:
                    who = external_id(event.customer, demo)
                    if isinstance(event, log.Joining):
                        members[who] = _join(event, demo)
                    else:
                        _buy(event, members[who])


def _waves(events: Sequence[log.Event]) -> Iterator[list[log.Event]]:
    """Stretches of the same order in which nobody appears twice: an event must see what the same person's last did."""
    wave: list[log.Event] = []
    seen: set[int] = set()
    for event in events:
        if event.customer in seen:
            yield wave
            wave, seen = [], set()
        wave.append(event)
        seen.add(event.customer)
    if wave:
        yield wave


def _join(event: log.Joining, demo: str) -> UUID:
    who = person(event.customer, demo)
    consents = [Choice(purpose="marketing", channel="email", given=True)] if who.wants_news else []
    member = enrol(
        name=who.name,
        email=who.email,
        phone=who.phone,
        external_id=who.external_id,
        birthday=who.birthday,
        language=who.language,
        store=policies.store(event.store),
        consents=consents,
        actor=ACTOR,
        occurred_at=event.occurred_at,
    )
    return member.pk


def _buy(event: log.Purchase, member: UUID) -> None:
    receipt = Receipt(
        store=policies.store(event.store),
        number=event.receipt,
        basket=event.basket(),
        total_minor=event.amount_minor,
    )
    record_sale(receipt=receipt, member={"id": member}, actor=ACTOR)


@contextmanager
def _alone() -> Iterator[None]:
    """One replay at a time: a second one waits, and then finds everything done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [LOCK])


@contextmanager
def _quick_commits() -> Iterator[None]:
    """Do not wait for the disk: after a crash the last events are missing, and happen in the next run."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        try:
            yield
        finally:
            cursor.execute("RESET synchronous_commit")
