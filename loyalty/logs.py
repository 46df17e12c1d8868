"""Logging: one JSON object a line on standard error, with no secret and nobody's data in it."""

from __future__ import annotations

import logging
import sys

import msgspec
import structlog


def configure(*, debug: bool) -> None:
    """Set structlog up, once for each process; `debug` prints for people instead."""
    if debug:
        renderer: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
        structlog.configure(
            processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso"), *renderer]
        )
        return
    out = getattr(sys.__stderr__, "buffer", None)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_bytes),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(file=out),
        cache_logger_on_first_use=True,
    )


def _bytes(event: object, **_options: object) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
