"""What the controls of a rule's and a campaign's form are called, by the place in the part that they edit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

LABELS: Mapping[str, Any] = {
    "name": gettext_lazy("Name"),
    "code": gettext_lazy("Code"),
    "enabled": gettext_lazy("switched on"),
    "kind": gettext_lazy("Kind of rule"),
    "points": gettext_lazy("Points"),
    "per": gettext_lazy("Amount"),
    "factor": gettext_lazy("Factor"),
    "of": gettext_lazy("Of certain rules only"),
    "each": gettext_lazy("For each"),
    "buy": gettext_lazy("Stamps"),
    "reward": gettext_lazy("Reward"),
    "times": gettext_lazy("Visits"),
    "within_days": gettext_lazy("Days"),
    "skus": gettext_lazy("Articles to buy, all of them"),
    "referrer": gettext_lazy("Points for whoever recommends"),
    "friend": gettext_lazy("Points for the friend"),
    "wait_days": gettext_lazy("Days to wait"),
    "trigger": gettext_lazy("Occasion"),
    "lines.include.categories": gettext_lazy("Categories that count"),
    "lines.include.skus": gettext_lazy("Articles that count"),
    "lines.include.labels": gettext_lazy("Labels that count"),
    "lines.include.brands": gettext_lazy("Brands that count"),
    "lines.exclude.categories": gettext_lazy("Categories left out"),
    "lines.exclude.skus": gettext_lazy("Articles left out"),
    "lines.exclude.labels": gettext_lazy("Labels left out"),
    "lines.exclude.brands": gettext_lazy("Brands left out"),
    "rounding": gettext_lazy("Rounding"),
    "caps.per_sale": gettext_lazy("Points a purchase at most"),
    "caps.per_day": gettext_lazy("Points a member and day at most"),
    "caps.per_member": gettext_lazy("Points a member at most"),
    "caps.total": gettext_lazy("Points altogether at most"),
    "stackable": gettext_lazy("adds up with other rules"),
    "group": gettext_lazy("Group of rules"),
    "priority": gettext_lazy("Priority"),
    "from": gettext_lazy("First day"),
    "until": gettext_lazy("Last day"),
    "window.from": gettext_lazy("First day"),
    "window.until": gettext_lazy("Last day"),
    "window.weekdays": gettext_lazy("Days of the week"),
    "window.hours.0": gettext_lazy("From what time"),
    "window.hours.1": gettext_lazy("To what time"),
    "stores": gettext_lazy("Stores"),
    "store_groups": gettext_lazy("Groups of stores"),
    "budget.points": gettext_lazy("Points in total at most"),
    "budget.money": gettext_lazy("Money in total at most"),
    "budget.at_end": gettext_lazy("When the budget is used up"),
    "control_percent": gettext_lazy("Percent kept out"),
    "audience": gettext_lazy("Who"),
    "when": gettext_lazy("Only if"),
}
# Places that have no control of their own, and the control beside which they are spoken of.
_BESIDE = {
    "window": "window.until",
    "window.hours": "window.hours.0",
    "budget": "budget.points",
    "caps": "caps.per_sale",
    "lines": "lines.include.categories",
    "lines.include": "lines.include.categories",
    "lines.exclude": "lines.exclude.categories",
}
_RULE = re.compile(r"^rules\.[0-9]+\.")


def spot(place: str) -> str:
    """The control for a place of the check, relative to its part: `when.all[0].value[1]` is `when.0.value`."""
    steps = re.sub(r"\[([0-9]+)\]", r".\1", place).strip(".").split(".")
    name = ".".join(step for step in steps if step not in ("all", "any") and step)
    if match := _RULE.match(name):
        return match[0] + _own(name[match.end() :])
    return _own(name)


def _own(name: str) -> str:
    if _asks(name):
        return re.sub(r"\.value\.[0-9]+$", ".value", name)
    own = name
    while own and own not in LABELS and own not in _BESIDE:
        own = own.rpartition(".")[0]
    return _BESIDE.get(own, own) or name


def plain(name: str) -> str:
    """The name without the rule that it stands in: `rules.0.factor` is `factor`."""
    return _RULE.sub("", name, count=1)


def label(name: str) -> str:
    """What the control is called; of a condition, its part of the page and its number."""
    own = plain(name)
    if _asks(own):
        part, *rest = own.split(".")
        numbers = [str(int(step) + 1) for step in rest if step.isdecimal()]
        if not numbers:
            return str(LABELS[part])
        return _("%(part)s, condition %(number)s") % {"part": LABELS[part], "number": "-".join(numbers)}
    return str(LABELS.get(own, own))


def _asks(name: str) -> bool:
    """Whether it belongs to a condition."""
    return name.split(".", maxsplit=1)[0] in ("audience", "when")
