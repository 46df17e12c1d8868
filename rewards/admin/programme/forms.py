"""The forms of a rule and of a campaign: read from what is posted, and drawn from the part of the document."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from loyalty import policies
from rewards.drafts import posted as posting
from rewards.drafts.posted import Part, Posted

from . import labels, rows, sentences, vocabulary
from .naming import Names
from .patterns import code_from

MOST_RULES = 10


class Form:
    """One part as a form. `prefix` stands before the names of its controls."""

    def __init__(self, part: Part, names: Names, errors: Mapping[str, str], prefix: str = "") -> None:
        self.part = part
        self.names = names
        self.errors = errors
        self.prefix = prefix
        self.zone = names.zone

    def error(self, name: str) -> str:
        """What is wrong with the control of this name."""
        return self.errors.get(name, "")

    def label(self, path: str) -> str:
        """What the control of a place in the part is called."""
        if path == "each" and self.part.get("kind") == "streak":
            return _("What counts as a visit")
        return labels.label(path)

    @property
    def titles(self) -> list[tuple[str, str]]:
        """The part's name in each language of the programme."""
        name = self.part.get("name", "")
        languages = self.names.document.get("settings", {}).get("languages") or ["en", "ja"]
        if isinstance(name, Mapping):
            return [(one, str(name.get(one, ""))) for one in languages]
        return [(one, str(name) if i == 0 else "") for i, one in enumerate(languages)]

    def condition(self, key: str) -> rows.Group:
        """The builder of one of its conditions."""
        return rows.drawn(self.part.get(key), self.prefix + key, self.names, self.errors)


class RuleForm(Form):
    """A rule, alone or inside a campaign."""

    @property
    def kind(self) -> str:
        """Its kind."""
        return str(self.part.get("kind", ""))

    @property
    def kind_says(self) -> Any:
        """What its kind means."""
        return vocabulary.KINDS.get(self.kind, ("", ""))[1]

    @property
    def when(self) -> rows.Group:
        """The builder of its condition."""
        return self.condition("when")

    @property
    def has_limits(self) -> bool:
        """Whether something stands under limits and finer points, so that they are shown open."""
        finer = (
            "caps",
            "rounding",
            "priority",
            "stackable",
            "group",
            "from",
            "until",
            "before_multipliers",
            "whole_steps",
        )
        return any(key in self.part for key in finer) or any(
            name.startswith(self.prefix + key) for key in finer for name in self.errors
        )

    @property
    def has_lines(self) -> bool:
        """Whether it looks at certain lines only."""
        return "lines" in self.part or any(name.startswith(self.prefix + "lines") for name in self.errors)

    @property
    def choices(self) -> dict[str, Any]:
        """What can be chosen in its lists."""
        others = {code: name for code, name in self.names.rules.items() if code != self.part.get("code")}
        return {
            "kinds": {code: label for code, (label, _says) in vocabulary.KINDS.items()},
            "triggers": vocabulary.TRIGGERS,
            "each": vocabulary.EACH,
            "visits": vocabulary.EACH_VISIT,
            "rounding": vocabulary.ROUNDINGS,
            "rules": list(others.items()),
            "rewards": {"": "—", **self.names.section("rewards")},
            "groups": {"": "—", **self.names.section("groups")},
        }


class CampaignForm(Form):
    """A campaign with its rules."""

    @property
    def audience(self) -> rows.Group:
        """The builder of whom it is for."""
        return self.condition("audience")

    @cached_property
    def rules(self) -> list[RuleForm]:
        """Its rules."""
        listed = self.part.get("rules") or []
        return [RuleForm(one, self.names, self.errors, f"rules.{i}.") for i, one in enumerate(listed)]

    @property
    def weekdays(self) -> list[tuple[int, Any]]:
        """The days of the week."""
        return list(vocabulary.WEEKDAYS.items())

    @property
    def stores(self) -> list[tuple[str, str]]:
        """The programme's stores."""
        return list(self.names.stores.items())

    @property
    def store_groups(self) -> list[tuple[str, str]]:
        """Their groups."""
        return [(group, group) for group in self.names.store_groups]

    @property
    def groups(self) -> dict[str, str]:
        """Groups of rules."""
        return {"": "—", **self.names.section("groups")}

    @property
    def ends(self) -> dict[str, Any]:
        """What happens when the budget is used up."""
        return vocabulary.AT_END

    @property
    def has_limits(self) -> bool:
        """Whether finer points are set."""
        return any(key in self.part for key in ("caps", "priority", "stackable", "group"))

    @property
    def said(self) -> list[str]:
        """In words."""
        return sentences.campaign(self.part, self.names)


def read_campaign(data: QueryDict, original: Part, names: Names, taken: set[str]) -> Part:
    """The campaign as posted; new ones and new rules get a code."""
    form = Posted(data, names.zone)
    part = posting.read(posting.CAMPAIGN, form, "", original)
    _name(form, part, "")
    _condition(form, part, "audience", "", names)
    if not part.get("code"):
        part["code"] = code_from(_plain_name(part), taken, "campaign")
    before = {str(one.get("code")): one for one in original.get("rules") or []}
    listed: list[Part] = []
    for number in range(MOST_RULES):
        prefix = f"rules.{number}."
        if form.has(prefix + "kind"):
            listed.append(read_rule(form, prefix, before.get(form.one(prefix + "was"), {}), names, taken, part["code"]))
            taken = taken | {str(listed[-1]["code"])}
    part["rules"] = listed
    return part


def read_rule(
    form: Posted, prefix: str, original: Part, names: Names, taken: set[str], otherwise: str = "rule"
) -> Part:
    """One rule as posted."""
    part = posting.only_kind(posting.read(posting.RULE, form, prefix, original))
    if part.get("kind") == "multiplier" and "of" not in part:
        part["of"] = "all"
    if not part.get("trigger"):
        part.pop("trigger", None)
    for key in ("rounding", "group", "reward"):
        if part.get(key) == "":
            part.pop(key)
    _name(form, part, prefix)
    _condition(form, part, "when", prefix, names)
    if not part.get("code"):
        base = _plain_name(part) or (f"{otherwise}-{part.get('kind', '')}" if otherwise != "rule" else "rule")
        part["code"] = code_from(base, taken, otherwise)
    return part


def act(part: Part, deed: str) -> Part:
    """The part after a button of the form that only changes its shape, e.g. `row:audience:1`, `rule`, `drop-rule:0`."""
    word, _colon, rest = deed.partition(":")
    changed = copy.deepcopy(part)
    if word == "rule" and len(changed.get("rules") or []) < MOST_RULES:
        changed.setdefault("rules", []).append({"kind": "fixed", "points": 100, "each": "sale"})
    elif word == "drop-rule" and rest.isdecimal() and len(changed.get("rules") or []) > 1:
        del changed["rules"][int(rest) : int(rest) + 1]
    elif word in ("row", "group", "drop"):
        target, _colon, path = rest.partition(":")
        holder, key = changed, target
        if match := re.fullmatch(r"rules\.([0-9])\.(when)", target):
            listed = changed.get("rules") or []
            if int(match[1]) >= len(listed):
                return changed
            holder, key = listed[int(match[1])], match[2]
        if key in ("when", "audience"):
            holder[key] = rows.act(holder.get(key), word, path)
            if not next(iter(holder[key].values())):
                holder.pop(key)
    return changed


def _name(form: Posted, part: Part, prefix: str) -> None:
    """The name in several languages; one that was a plain text and got no translation stays one."""
    given = {}
    for key in form.data:
        if key.startswith(f"{prefix}name.") and form.one(key):
            given[key.removeprefix(f"{prefix}name.")] = form.one(key)
    if not any(key.startswith(f"{prefix}name.") for key in form.data):
        return
    if not given:
        part.pop("name", None)
    elif isinstance(part.get("name"), str) and len(given) == 1:
        part["name"] = next(iter(given.values()))
    else:
        part["name"] = given


def _condition(form: Posted, part: Part, key: str, prefix: str, names: Names) -> None:
    """A condition that says the same as before stays as it was written."""
    if not form.has(f"{prefix}{key}.join"):
        return
    found = rows.read(form, prefix + key, names)
    if rows.tidy(part.get(key)) == (found or {"all": []}):
        return
    if found is None:
        part.pop(key, None)
    else:
        part[key] = found


def _plain_name(part: Part) -> str:
    return policies.localised(part.get("name", ""), "en")
