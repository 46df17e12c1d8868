"""Money is an integer of minor units with its ISO 4217 currency; decimal text only at the edges."""

import re

# Currencies whose minor unit is not 1/100 (ISO 4217, list of 2024-06-25).
_DECIMALS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    "CLF": 4,
    "UYW": 4,
}
_TEXT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,4}))?", re.ASCII)


class NotMoneyError(ValueError):
    """The text is not an amount of money: digits, and at most one point."""


class TooManyDecimalsError(ValueError):
    """The text has more decimals than its currency."""


def decimals(currency: str) -> int:
    """How many decimals the currency's minor unit has: 0 for JPY, 2 for USD, 3 for KWD."""
    return _DECIMALS.get(currency, 2)


def minor(text: str, currency: str) -> int:
    """Minor units of a decimal text: `minor("19.9", "USD")` is 1990.

    Raises NotMoneyError or TooManyDecimalsError.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise NotMoneyError(text)
    whole, fraction = match[1], match[2] or ""
    places = decimals(currency)
    if len(fraction) > places:
        raise TooManyDecimalsError(text)
    return int(whole + fraction.ljust(places, "0"))


def text(minor_units: int, currency: str) -> str:
    """The decimal text of minor units, with all of the currency's decimals: 1990 USD is "19.90"."""
    places = decimals(currency)
    if places == 0:
        return str(minor_units)
    sign = "-" if minor_units < 0 else ""
    whole, fraction = divmod(abs(minor_units), 10**places)
    return f"{sign}{whole}.{fraction:0{places}d}"
