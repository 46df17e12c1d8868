"""The test clock of a sandbox, for those who try the programme out (CONTRACT 1.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.urls import path

from loyalty import clock, policies
from loyalty.api import edge, fields
from loyalty.errors import FieldError, InvalidBody, NotFound
from loyalty.sandbox import moving


class ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    """Where to: exactly one of the two."""

    set: fields.Time | None = None
    advance: fields.Name | None = None


class ClockShown(msgspec.Struct, forbid_unknown_fields=True):
    """What the clock shows, and how many days' ends ran."""

    now: datetime
    days_closed: int


class Clock(edge.View):
    """The test clock."""

    @edge.get(scope="manage", reply=ClockShown, refusals=(NotFound,))
    def get(self, call: edge.Call) -> dict[str, Any]:
        """What the test clock shows."""
        moving.insist()
        return _shown(moving.Moved(clock.now(), 0))

    @edge.post(
        scope="manage",
        body=ClockBody,
        key=False,
        transaction=False,
        reply=ClockShown,
        refusals=(NotFound, moving.ClockIsMoving),
        example={"advance": "90d"},
    )
    def post(self, call: edge.Call, body: ClockBody) -> dict[str, Any]:
        """Set the test clock, or advance it.

        Forward, every day's end passed runs in order and every fact is handled before this answers; at most 400 days
        a call. `set` may go back. The clock then runs on.
        """
        moving.insist()
        if body.set is not None and body.advance is None:
            return _shown(moving.move(target=body.set, actor=call.actor))
        if body.advance is not None and body.set is None:
            return _shown(moving.move(target=moving.target_of(body.advance), actor=call.actor, field="advance"))
        detail = "Give exactly one of `set` and `advance`."
        raise InvalidBody(detail, errors=(FieldError("set", "required", detail),))


def _shown(moved: moving.Moved) -> dict[str, Any]:
    zone = policies.current().zone
    return {"now": moved.now.astimezone(zone).isoformat(), "days_closed": moved.days_closed}


urlpatterns = [path("sandbox/clock", Clock.as_view())]
