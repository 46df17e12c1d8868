"""Requests as the edge knows them."""

from __future__ import annotations

from django.core.handlers.wsgi import WSGIRequest

from loyalty.api.auth import Identity


class EdgeRequest(WSGIRequest):
    """A request with its name for the log, and who sends it once that is known.

    Those of Django's handler become it by what the middleware puts on them; `admitted` is set only where a page of our
    own makes the request.
    """

    request_id: str
    identity: Identity
    admitted: Identity
