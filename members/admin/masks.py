"""Personal data as staff see it before they ask: enough to recognise, not enough to use."""

from __future__ import annotations


def name(text: str) -> str:
    """Ada Lovelace as "A** L."; 佐藤 美咲 as "佐** 美."; one word keeps its first letter."""
    words = text.split()
    if not words:
        return ""
    first = f"{words[0][0]}**"
    return " ".join([first, *[f"{word[0]}." for word in words[1:3]]])


def email(text: str) -> str:
    """ada@example.com as "a•••@example.com"."""
    local, _at, host = text.partition("@")
    return f"{local[:1]}•••@{host}"


def phone(text: str) -> str:
    """+819012345678 as "••• 5678"."""
    return f"••• {text[-4:]}"
