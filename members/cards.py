"""Card numbers: ours are 16 random digits that begin with 98 and end with a check digit.

They are random, so that nobody can guess a neighbour's card, and carry a Luhn digit (ISO/IEC 7812-1 annex B),
so that one mistyped digit or two swapped neighbours never reach another card of ours. Cards printed by
somebody else are taken as they are.
"""

import re
import secrets
import unicodedata

PREFIX = "98"
DIGITS = 16
_SHAPE = re.compile(r"[0-9A-Z]{4,32}", re.ASCII)
_BETWEEN = re.compile(r"[\s\u002d\u2010-\u2015\u2212\u30fc\u00ad\u200b]+")  # spaces, and every sign typed as a hyphen


class NotACardError(ValueError):
    """The text cannot be a card number: 4 to 32 letters and digits."""


def check_digit(digits: str) -> str:
    """The Luhn digit that completes `digits`."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def make() -> str:
    """A new card number, folded. That no other member has it is for the database to say."""
    body = PREFIX + f"{secrets.randbelow(10 ** (DIGITS - len(PREFIX) - 1)):0{DIGITS - len(PREFIX) - 1}d}"
    return body + check_digit(body)


def is_ours(number: str) -> bool:
    """Whether a folded number is one that `make` could have made: prefix, length and check digit."""
    if len(number) != DIGITS or not number.isdecimal() or not number.startswith(PREFIX):
        return False
    return check_digit(number[:-1]) == number[-1]


def fold(text: str) -> str:
    """The stored form: without spaces and hyphens, digits and letters half-width, letters upper-case.

    Raises NotACardError.
    """
    number = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    if _SHAPE.fullmatch(number) is None:
        raise NotACardError(text)
    return number


def text(number: str) -> str:
    """As it is printed: 16 digits in fours, anything else as it is."""
    if len(number) != DIGITS or not number.isdecimal():
        return number
    return " ".join(number[at : at + 4] for at in range(0, DIGITS, 4))
