"""The programme in force: its versions, its switches, its stores.

A version is one immutable JSON document (CONTRACT part 2). Every floor compiles its own part of it with
`policies.compiled(builder)`, once per version and process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty import clock
from loyalty.errors import StoreNotFound
from loyalty.models import Programme, Store

T = TypeVar("T")

EMPTY: dict[str, Any] = {
    "loyalty": 1,
    "name": {"en": "Loyalty", "ja": "ロイヤルティ"},
    "settings": {"currency": "USD", "timezone": "UTC", "languages": ["en", "ja"]},
    "stores": [{"code": "main", "name": {"en": "Main store", "ja": "本店"}}],
}


@dataclass(frozen=True)
class Accepting:
    """Which times of a sale are accepted: two of `settings.earning`; the others belong to the rules."""

    future_minutes: int = 5
    late_days: int | None = None


@dataclass(frozen=True)
class Redeeming:
    """How points are spent."""

    over: str = "refuse"
    same_sale: bool = False
    hold_minutes: int = 15
    stacking: tuple[str, ...] = ("line", "basket", "payment")
    percent_on: str = "remaining"


@dataclass(frozen=True)
class Offline:
    """What tills without a network may send in later."""

    max_age_days: int = 30
    redeem_points_per_member: int = 0
    redeem_points_per_device: int = 0


@dataclass(frozen=True)
class Adjustments:
    """Points given or taken by staff: limits of one person's day (`loyalty.staff_limits`; None is no limit)."""

    second_person_over: int | None = 5000
    daily_per_person: int | None = 20000
    below_zero: str = "refuse"  # refuse | clamp | debt


@dataclass(frozen=True)
class Notices:
    """What members are told of dates: so many days before points end, and when pending ones begin to count."""

    expiry_days: tuple[int, ...] = (30, 7)
    available: bool = False


@dataclass(frozen=True)
class Closing:
    """The end of the programme: sales earn until the one instant, points count until the other."""

    earning_until: datetime
    redeeming_until: datetime
    text: Any = ""  # what members are told besides, by language


@dataclass(frozen=True, eq=False)
class Policies:
    """One version of the programme, parsed. Compare by `version`."""

    version: int
    document: Mapping[str, Any]
    name: Mapping[str, str]
    currency: str
    zone: ZoneInfo
    languages: tuple[str, ...]
    accepting: Accepting
    redeeming: Redeeming
    offline: Offline
    adjustments: Adjustments
    notices: Notices = field(default_factory=Notices)
    closing: Closing | None = None
    versions: Mapping[str, int] = field(default_factory=dict)  # of each rule, by code; those of old rules too
    _compiled: dict[Callable[[Policies], Any], Any] = field(default_factory=dict)

    def compiled(self, builder: Callable[[Policies], T]) -> T:
        """What `builder` makes of this version, worked out once per process. `builder` must be a module's function."""
        if builder not in self._compiled:
            self._compiled[builder] = builder(self)
        result: T = self._compiled[builder]
        return result


@dataclass
class _Known:
    """What one process knows of one database, as long as `newest` stays the newest version there."""

    newest: tuple[int, datetime | None]
    schedule: list[tuple[datetime, int]]  # newest start first
    versions: dict[int, Policies]
    stores: dict[str, Store]


_builders: list[Callable[[Policies], Any]] = []
_known: dict[str, _Known] = {}
_newest: ContextVar[tuple[int, datetime | None] | None] = ContextVar("newest_version", default=None)

NEWEST = (
    "(SELECT version FROM loyalty_programme ORDER BY version DESC LIMIT 1),"
    " (SELECT applied_at FROM loyalty_programme ORDER BY version DESC LIMIT 1)"
)
"""Two columns for a statement that a request makes anyway; give them to `newest_is`."""


@contextmanager
def newest_is(version: int | None, applied_at: datetime | None) -> Iterator[None]:
    """Within: what the newest version is was read already, so `current` asks nobody."""
    token = _newest.set((version or 0, applied_at))
    try:
        yield
    finally:
        _newest.reset(token)


@contextmanager
def asked_once() -> Iterator[None]:
    """Within: what the newest version is, is read once. For a short piece of work that asks again and again."""
    if _newest.get() is not None:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {NEWEST}")
        found = cursor.fetchone()
    with newest_is(*found):
        yield


def current(at: datetime | None = None) -> Policies:
    """The version in force now, or at `at`. The first version ever applied holds for all earlier time."""
    known = _knowledge()
    at = at or clock.now()
    for start, version in known.schedule:
        if start <= at:
            return _version(known, version)
    return _version(known, known.schedule[-1][1] if known.schedule else 0)


def version(number: int) -> Policies:
    """One version by its number; 0 is the empty programme."""
    return _version(_knowledge(), number)


def store(code: str) -> Store:
    """The open store with this code. Raises StoreNotFound."""
    known = _knowledge()
    found = known.stores.get(code)
    if found is None:
        found = Store.objects.filter(code=code, retired_at=None).first()
        if found is None:
            raise StoreNotFound(f"There is no open store “{code[:40]}”.")
        known.stores[code] = found
    return found


def had_store(code: str, at: datetime) -> bool:
    """Whether the version in force at an instant has a store with this code, since retired or not."""
    return code in current(at).compiled(_store_codes)


def localised(text: object, language: str) -> str:
    """A text of the programme in one language, else in English, else in any."""
    if not isinstance(text, Mapping):
        return str(text or "")
    return str(text.get(language) or text.get("en") or next(iter(text.values()), ""))


def must_compile(builder: Callable[[Policies], T]) -> Callable[[Policies], T]:
    """Register what every document must stand before it is applied; `builder` raises where it does not."""
    _builders.append(builder)
    return builder


def lock() -> None:
    """Wait for whoever applies a programme; to the end of the transaction nobody else does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('loyalty.programme', 0))")


def apply(*, document: Mapping[str, Any], actor: str, text: str = "", valid_from: datetime | None = None) -> Programme:
    """Make `document` the next version, in force from `valid_from` (default now), and bring the stores in step.

    `rewards.programme_file.apply` checks it first, with words; this only refuses what does not compile, with the
    exception of whoever cannot compile it.
    """
    with transaction.atomic():
        lock()
        last = Programme.objects.order_by("version").last()
        number = last.version + 1 if last else 1
        versions = _next_versions(last, document)
        parsed = parse(document, version=number, versions=versions)
        for builder in _builders:
            parsed.compiled(builder)
        applied = Programme.objects.create(
            version=number,
            valid_from=valid_from or clock.now(),
            document=document,
            text=text,
            versions=versions,
            actor=actor,
        )
        _open_stores(document)
        retire_stores()
    return applied


def retire_stores() -> None:
    """Close the stores that no version lists which is in force now or will be. They keep their history."""
    listed = set()
    for row in Programme.objects.filter(version__in=_from_now_on()):
        listed |= {entry["code"] for entry in row.document.get("stores", EMPTY["stores"])}
    Store.objects.filter(retired_at=None).exclude(code__in=listed).update(retired_at=clock.now())


def _store_codes(programme: Policies) -> frozenset[str]:
    return frozenset(entry["code"] for entry in programme.document.get("stores", EMPTY["stores"]))


def _from_now_on() -> list[int]:
    """The version in force and those that begin later."""
    rows = list(Programme.objects.order_by("-valid_from", "-version").values_list("valid_from", "version"))
    now = clock.now()
    later = [version for start, version in rows if start > now]
    begun = [version for start, version in rows if start <= now][:1]
    return [*later, *(begun or [version for _start, version in rows][-1:])]


def _open_stores(document: Mapping[str, Any]) -> None:
    for entry in document.get("stores", EMPTY["stores"]):
        Store.objects.update_or_create(
            code=entry["code"],
            defaults={"name": entry.get("name", entry["code"]), "group": entry.get("group", ""), "retired_at": None},
        )


def _knowledge() -> _Known:
    newest = _newest.get()
    if newest is None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {NEWEST}")
            found = cursor.fetchone()
        newest = (found[0] or 0, found[1])
    database = str(connection.settings_dict["NAME"])
    known = _known.get(database)
    if known is None or known.newest != newest:
        rows = Programme.objects.order_by("-valid_from", "-version").values_list("valid_from", "version")
        stores = Store.objects.filter(retired_at=None)
        known = _Known(newest, list(rows), {}, {entry.code: entry for entry in stores})
        _known[database] = known
    return known


def _version(known: _Known, number: int) -> Policies:
    if number not in known.versions:
        if number:
            applied = Programme.objects.get(version=number)
            known.versions[number] = parse(applied.document, version=number, versions=applied.versions)
        else:
            known.versions[number] = parse(EMPTY)
    return known.versions[number]


def _next_versions(last: Programme | None, document: Mapping[str, Any]) -> dict[str, int]:
    """The version of each rule: raised when what it says changed, and never given to anything else again."""
    before = _rules_of(last.document) if last else {}
    versions = {**dict.fromkeys(before, 1), **(last.versions if last else {})}
    for code, content in _rules_of(document).items():
        if code not in before or before[code] != content:
            versions[code] = versions.get(code, 0) + 1
    return versions


def _rules_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """What each rule says, by code; what its campaign says belongs to it."""
    found = {rule["code"]: [rule] for rule in document.get("rules", ())}
    for campaign in document.get("campaigns", ()):
        common = {key: value for key, value in campaign.items() if key != "rules"}
        found.update({rule["code"]: [rule, common] for rule in campaign.get("rules", ())})
    return found


def _notices(written: Mapping[str, Any]) -> Notices:
    days = written.get("expiry_days", Notices.expiry_days)
    return Notices(tuple(days), bool(written.get("available", Notices.available)))


def _closing(written: Any) -> Closing | None:
    if not written:
        return None
    earning, redeeming = (datetime.fromisoformat(written[key]) for key in ("earning_until", "redeeming_until"))
    return Closing(earning, redeeming, written.get("text", ""))


def parse(document: Mapping[str, Any], *, version: int = 0, versions: Mapping[str, int] | None = None) -> Policies:
    """A document as a version is read. For drafts, checks and what-if: it need not be in force."""
    settings = document.get("settings", {})
    name = document.get("name", EMPTY["name"])
    earning = settings.get("earning", {})
    redeeming = dict(settings.get("redeeming", {}))
    if "stacking" in redeeming:
        redeeming["stacking"] = tuple(redeeming["stacking"])
    return Policies(
        version=version,
        document=document,
        name=name if isinstance(name, Mapping) else {"en": str(name)},
        currency=settings.get("currency", "USD"),
        zone=ZoneInfo(settings.get("timezone", "UTC")),
        languages=tuple(settings.get("languages", ["en", "ja"])),
        accepting=Accepting(**{key: earning[key] for key in ("future_minutes", "late_days") if key in earning}),
        redeeming=Redeeming(**redeeming),
        offline=Offline(**settings.get("offline", {})),
        adjustments=Adjustments(**settings.get("adjustments", {})),
        notices=_notices(settings.get("notices", {})),
        closing=_closing(document.get("closing")),
        versions=versions or {},
    )
