"""The canonical text of a document: the contract's key order, two spaces, the same bytes for the same content.

Short objects of a list stand on one line (`- {code: umeda, name: Umeda}`), as people write them; what does not fit is
written as a block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import order

WIDTH = 120
_PLAIN = re.compile(r"[A-Za-z_\u00a1-\U0010ffff][\w .%+/()&'’¥€$£・ー、。（）！？…–-]*")
_NOT_TEXT = re.compile(r"~|null|true|false|[-+]?\.(inf|nan)|[-+]?[0-9.].*", re.IGNORECASE)


def canonical(document: Mapping[str, Any]) -> str:
    """The text. `read` makes the same document of it, and `canonical` of that the same text."""
    lines: list[str] = []
    _mapping(order.sorted_document(document), 0, lines, spaced=True)
    return "\n".join(lines) + "\n" if lines else "{}\n"


def _mapping(value: Mapping[str, Any], indent: int, lines: list[str], *, spaced: bool = False) -> None:
    for key, inner in value.items():
        if spaced and inner and isinstance(inner, list):
            lines.extend(["", f"{_text(key, flow=False)}:"])
            _list(inner, 2, lines)
            continue
        _pair(f"{' ' * indent}{_text(key, flow=False)}:", inner, indent, lines)


def _pair(start: str, value: Any, indent: int, lines: list[str]) -> None:
    """One `key: value`, on one line where it fits."""
    short = flow(value)
    if not isinstance(value, dict | list) or not value:
        lines.append(
            f"{start} {_scalar(value, flow=False)}" if not isinstance(value, dict | list) else f"{start} {short}"
        )
    elif len(start) + 1 + len(short) <= WIDTH and not _deserves_block(value):
        lines.append(f"{start} {short}")
    else:
        lines.append(start)
        if isinstance(value, dict):
            _mapping(value, indent + 2, lines)
        else:
            _list(value, indent + 2, lines)


def _deserves_block(value: Any) -> bool:
    """A list of objects has a line for each."""
    return isinstance(value, list) and any(isinstance(one, dict) for one in value) and len(value) > 1


def _list(value: Sequence[Any], indent: int, lines: list[str]) -> None:
    for inner in value:
        start, short = f"{' ' * indent}-", flow(inner)
        if not isinstance(inner, dict | list) or not inner or len(start) + 1 + len(short) <= WIDTH:
            lines.append(f"{start} {short}")
            continue
        block: list[str] = []
        if isinstance(inner, dict):
            _mapping(inner, indent + 2, block)
        else:
            _list(inner, indent + 2, block)
        lines.append(f"{start} {block[0].lstrip(' ')}")
        lines.extend(block[1:])


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key, flow=True)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    return _scalar(value, flow=True)


def _scalar(value: Any, *, flow: bool) -> str:
    if isinstance(value, str):
        return _text(value, flow=flow)
    return json.dumps(value)


def _text(value: str, *, flow: bool) -> str:
    """Plain where every reader of YAML takes it for text, in double quotes otherwise."""
    if _PLAIN.fullmatch(value) and not _NOT_TEXT.fullmatch(value) and not value.endswith(" ") and value.isprintable():
        return value
    return _quoted(value)


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(one: str) -> str:
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
