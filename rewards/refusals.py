"""Refused sales, activities and redemptions are decisions about a member, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loyalty import policies, refusals
from loyalty.errors import Refusal
from members import locks


@contextmanager
def explained(
    *, operation: str, member: Mapping[str, Any] | None, reference: str = "", store: str = ""
) -> Iterator[None]:
    """Within: a refusal of the operation carries its decision, where the member it names is known."""
    try:
        yield
    except Refusal as refusal:
        if member is not None and refusal.status in refusals.DECIDED and refusal.decision is None:
            _explain(refusal, operation, member, reference, store)
        raise


def _explain(refusal: Refusal, operation: str, member: Mapping[str, Any], reference: str, store: str) -> None:
    try:
        who = locks.find(**member, closed=True)
    except Refusal:  # unknown or gone: there is nobody to explain it to
        return
    refusals.about(
        refusal,
        account=who.account_id,
        operation=operation,
        reference=reference,
        store=store,
        programme_version=policies.current().version,
    )
