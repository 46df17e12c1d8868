"""The line on every page of a sandbox that says its clock is not real."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from django.http import HttpRequest

from loyalty import clock, policies


class Banner(TypedDict):
    """What templates find: the present time of the test clock in the programme's zone, None where the clock is real."""

    test_clock: datetime | None


def shown(_request: HttpRequest) -> Banner:
    """A context processor."""
    if clock.is_real():
        return {"test_clock": None}
    return {"test_clock": clock.now().astimezone(policies.current().zone)}
