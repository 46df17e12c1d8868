"""Simple markup for texts that staff write and everybody reads: safe whatever is typed.

    # Heading            ## Smaller heading
    A paragraph; **bold**, [a link](https://example.com), [a page](/terms/).
    - a list             1. a numbered list

Everything is escaped first; only these shapes become HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\[\]]{1,200})\]\(((?:https://|mailto:|/(?!/))[^\s()]{1,500})\)")
_HEADING = re.compile(r"(#{1,2})\s+(.+)")
_ITEM = re.compile(r"-\s+(.+)")
_STEP = re.compile(r"\d{1,3}\.\s+(.+)")


def html(text: str) -> SafeString:
    """The text as HTML; headings begin at `h2`, since the page has the `h1`."""
    return mark_safe("\n".join(_blocks(text)))  # noqa: S308  (every part was escaped)


def plain(text: str) -> str:
    """The text for a letter or a diff: links as "text (address)", without the stars."""
    return _LINK.sub(r"\1 (\2)", _BOLD.sub(r"\1", text)).strip()


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = [line.strip() for line in block.split("\n") if line.strip()]
        while lines:
            tag, taken, rest = _first(lines)
            if tag in ("ul", "ol"):
                yield f"<{tag}>" + "".join(f"<li>{_inline(line)}</li>" for line in taken) + f"</{tag}>"
            else:
                yield f"<{tag}>" + "<br>".join(_inline(line) for line in taken) + f"</{tag}>"
            lines = rest


def _first(lines: list[str]) -> tuple[str, list[str], list[str]]:
    """What the first lines are, their texts, and the lines that are left."""
    if heading := _HEADING.fullmatch(lines[0]):
        return f"h{1 + len(heading[1])}", [heading[2]], lines[1:]
    for tag, shape in (("ul", _ITEM), ("ol", _STEP)):
        taken = []
        for line in lines:
            found = shape.fullmatch(line)
            if found is None:
                break
            taken.append(found[1])
        if taken:
            return tag, taken, lines[len(taken) :]
    end = next((i for i, line in enumerate(lines) if i and _special(line)), len(lines))
    return "p", lines[:end], lines[end:]


def _special(line: str) -> bool:
    return any(shape.fullmatch(line) for shape in (_HEADING, _ITEM, _STEP))


def _inline(text: str) -> str:
    safe = str(escape(text))
    safe = _LINK.sub(r'<a href="\2" rel="noopener">\1</a>', safe)
    return _BOLD.sub(r"<b>\1</b>", safe)
