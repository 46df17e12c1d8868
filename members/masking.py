"""Just enough of a person for a till to confirm who stands there, and no more."""

import re
import unicodedata

# Scripts written without capitals, where one sign says as much as a syllable.
_EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f\U00020000-\U0003ffff]")
STARS = "**"


def name(full: str) -> str:
    """`A** L.` of Ada Lovelace, `佐* 美*` of 佐藤 美咲. The number of stars says nothing about the length."""
    words = unicodedata.normalize("NFC", full).split()
    if not words:
        return ""
    if _EAST_ASIAN.match(words[0]):
        return " ".join(f"{_initial(word)}*" for word in words[:2])
    if len(words) == 1:
        return f"{_initial(words[0])}{STARS}"
    return f"{_initial(words[0])}{STARS} {_initial(words[-1])}."


def email(address: str) -> str:
    """`a**@example.com`."""
    local, _, domain = address.rpartition("@")
    return f"{_initial(local)}{STARS}@{domain}"


def phone(number: str) -> str:
    """The last two digits: `**23`."""
    return f"{STARS}{number[-2:]}"


def text(value: str) -> str:
    """The last four signs of a card number or an external id, none of a short one."""
    return f"{STARS}{value[-4:]}" if len(value) > 8 else STARS


def _initial(word: str) -> str:
    """The first letter with the marks that belong to it."""
    end = 1
    while end < len(word) and (unicodedata.combining(word[end]) or word[end] in "\u200d\ufe0e\ufe0f"):
        end += 1
    return word[:end]
