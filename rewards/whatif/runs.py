"""Starting, stopping and following a what-if run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, Sum

from loyalty import broker, clock, policies
from rewards import programme_file, rules
from rewards.models import WhatIf, WhatIfChunk

from . import sides

OPEN = (WhatIf.Status.QUEUED, WhatIf.Status.RUNNING)
MOST_OPEN = 5  # runs that wait or run at one time
TASK = "rewards.tasks.replay_history"


class WhatIfRefused(ValueError):  # noqa: N818  (a refusal is an answer, not a fault)
    """Nothing was started. `code`: rules, currency, period or too_many; `detail` names the place."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    share: float  # 0 to 1, over all passes that are known to be needed
    sales_done: int
    sales: int


def start(
    *,
    document: Mapping[str, Any],
    name: str,
    since: datetime | None,
    until: datetime | None,
    actor: str,
    draft: UUID | None = None,
    as_dated: bool = False,
) -> WhatIf:
    """Ask what `document` would have given from `since` up to, and not with, `until`; None: as far as there are sales.

    Returns at once; workers do it. Raises WhatIfRefused.
    """
    if since is not None and until is not None and since >= until:
        raise WhatIfRefused("period")
    now = clock.now()
    present = policies.current()
    check(document, now=now, as_dated=as_dated)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('rewards.what_if', 0))")
        if WhatIf.objects.filter(status__in=OPEN).count() >= MOST_OPEN:
            raise WhatIfRefused("too_many", str(MOST_OPEN))
        run = WhatIf.objects.create(
            name=name[:200],
            document=document,
            draft=draft,
            base_version=present.version,
            since=since,
            until=until,
            as_dated=as_dated,
            actor=actor,
            created_at=now,
        )
        transaction.on_commit(wake_up)
    return run


def check(document: Mapping[str, Any], *, now: datetime, as_dated: bool) -> None:
    """Raises WhatIfRefused, with the place of the first mistake, unless the programme can be replayed."""
    settings = document.get("settings")
    spoken, stored = (
        settings.get("currency", "USD") if isinstance(settings, Mapping) else "USD",
        policies.current().currency,
    )
    if spoken != stored:
        raise WhatIfRefused("currency", f"{spoken}, {stored}")
    wrong = [one for one in programme_file.check_document(document) if one.severity == "error"]
    if wrong:
        raise WhatIfRefused("rules", wrong[0].sentence())
    programme = policies.parse(document)
    try:
        sides.side(programme, now=now, as_dated=as_dated)
    except rules.RuleError as mistake:
        raise WhatIfRefused("rules", str(mistake)) from mistake


def cancel(*, run: WhatIf) -> bool:
    """Stop a run that is not over; what is being replayed at the moment is the last. False if it was over already."""
    return bool(
        WhatIf.objects.filter(pk=run.pk, status__in=OPEN).update(status=WhatIf.Status.CANCELLED, ended_at=clock.now())
    )


def progress(run: WhatIf) -> Progress:
    """How many of the sales are replayed; passes after the first, for budgets that run out, share the last fifth."""
    if run.status == WhatIf.Status.DONE:
        return Progress(1.0, run.sales, run.sales)
    done = WhatIfChunk.objects.filter(run=run, done_pass__gte=F("run__pass_number")).aggregate(n=Sum("sales"))["n"] or 0
    share = done / run.sales if run.sales else 0.0
    left = 0.2 ** (run.pass_number - 1)
    return Progress(1 - left + 0.8 * left * share, done, run.sales)


def wake_up() -> None:
    """Tell as many workers as may replay at one time that there is work."""
    for _ in range(settings.LOYALTY_WHATIF_PARALLEL):
        broker.send(TASK)


def sweep() -> None:
    """The same for runs that nobody works on: wake-ups were lost, or a worker was killed."""
    if WhatIf.objects.filter(Q(status__in=OPEN)).exists():
        wake_up()
