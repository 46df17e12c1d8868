"""The staff side: sign-in, roles at the door, and the lists of the ground floor. Upper floors register with `site`."""

from loyalty.admin import checks, keys, people, registry, test_clock
from loyalty.admin.shell import ReadOnlyRoom, Room, choice_filter, site

__all__ = ["ReadOnlyRoom", "Room", "checks", "choice_filter", "keys", "people", "registry", "site", "test_clock"]
