"""What rules and campaigns have granted to all members so far: for those who limit it, and for those who ask."""

from __future__ import annotations

from collections.abc import Iterable

from rewards.models import SharedCounter
from rewards.programme import uncounted

from . import states


def to_all(keys: Iterable[str]) -> dict[str, int]:
    """Points less those taken back, by key: the code of a rule, or `campaign:CODE`.

    What no counter counted is counted in the decisions, as the first sale under a new limit does. Locks nothing.
    """
    wanted = frozenset(keys)
    counters = {counter.key: counter for counter in SharedCounter.objects.filter(key__in=sorted(wanted))}
    found = {key: counter.granted for key, counter in counters.items()}
    stale = [
        key for key, version in uncounted(wanted).items() if key not in counters or counters[key].version < version
    ]
    return found | {key: granted for key, (granted, _) in states.recounted(sorted(stale), counters).items()}
