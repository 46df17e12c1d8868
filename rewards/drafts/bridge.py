"""Stand-in for rewards.programme_file until it lands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loyalty import policies
from loyalty.models import Programme
from rewards import rules

from . import parts


@dataclass(frozen=True)
class Problem:
    severity: str
    line: int
    column: int
    place: str
    code: str
    detail: str
    mend: str


@dataclass(frozen=True)
class Change:
    kind: str
    section: str
    code: str
    place: str
    before: Any
    after: Any


def check_document(document: Mapping[str, Any]) -> list[Problem]:
    try:
        rules.compile(document)
    except rules.RuleError as error:
        return [Problem("error", 0, 0, error.place, "rule", error.detail, "")]
    return []


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    was, now = parts.pieces(old), parts.pieces(new)
    found = []
    for key in [*was, *(k for k in now if k not in was)]:
        if was.get(key) != now.get(key):
            section, _, code = key.partition("/")
            kind = "added" if key not in was else "removed" if key not in now else "changed"
            found.append(Change(kind, section, code, key, was.get(key), now.get(key)))
    return found


def apply(*, document: Any, actor: str, valid_from: datetime | None = None, text: str | None = None) -> Programme:
    return policies.apply(document=document, actor=actor, valid_from=valid_from)


def rollback(*, version: int, actor: str) -> Programme:
    return policies.apply(document=Programme.objects.get(version=version).document, actor=actor)
