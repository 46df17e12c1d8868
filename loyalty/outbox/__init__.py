"""Facts that were committed, and those above who act on them.

    outbox.record("points.earned", account=…, payload={…}, occurred_at=…)   in the transaction of the work

    @outbox.on("points.earned")
    def tell_the_partner(fact: Fact) -> None: …                             in APP/handlers.py

A fact is handled at least once, after its transaction committed, in order for each account: a handler must
change nothing when it runs a second time. Celery only wakes the relay up; what is lost on the way, beat
sweeps up.
"""

from .carrier import drain, relay
from .facts import SHARDS, record, retry, waiting
from .registry import on

__all__ = ["SHARDS", "drain", "on", "record", "relay", "retry", "waiting"]
