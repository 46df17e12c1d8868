"""Dates, points and money as UI.md chapter 7 writes them, in the language of the page."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import get_language

from loyalty import clock, money

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WEEKDAYS = {"en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "ja": tuple("月火水木金土日")}
SYMBOLS = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "KRW": "₩", "CNY": "CN¥"}


def japanese() -> bool:
    """Whether the page is in Japanese."""
    return (get_language() or "en").startswith("ja")


def points(number: int) -> str:
    """`2,480`; a minus is the typographic one."""
    return f"{number:,}".replace("-", "−")


def signed(number: int) -> str:
    """`+24` or `−600`."""
    return f"{number:+,}".replace("-", "−")


def amount(minor: int, currency: str) -> str:
    """`¥1,200`, `$19.90`, `1.250 KWD`; whole units lose their decimals where all are zero."""
    places = money.decimals(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    text = f"{whole:,}" + (f".{fraction:0{places}d}" if fraction else "")
    sign = "−" if minor < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{text} {currency}"


def day_short(day: date, today: date) -> str:
    """`6 Dec` or `12月6日`; with the year where it is another one."""
    if japanese():
        return f"{day.month}月{day.day}日" if day.year == today.year else f"{day.year}年{day.month}月{day.day}日"
    text = f"{day.day} {MONTHS[day.month - 1]}"
    return text if day.year == today.year else f"{text} {day.year}"


def day_row(day: date) -> str:
    """The first line of a row: `6 Dec` or `12/6`."""
    return f"{day.month}/{day.day}" if japanese() else f"{day.day} {MONTHS[day.month - 1]}"


def day_under(day: date, today: date) -> str:
    """The line under it: the weekday, or the year where it is another one."""
    if day.year != today.year:
        return f"{day.year}年" if japanese() else str(day.year)
    return WEEKDAYS["ja" if japanese() else "en"][day.weekday()]


def day_long(day: date) -> str:
    """`31 December 2027` or `2027年12月31日`."""
    if japanese():
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {LONG_MONTHS[day.month - 1]} {day.year}"


def month(day: date) -> str:
    """`December 2027` or `2027年12月`."""
    return f"{day.year}年{day.month}月" if japanese() else f"{LONG_MONTHS[day.month - 1]} {day.year}"


def clock_time(instant: datetime, zone: ZoneInfo) -> str:
    """`14:05` in the programme's zone."""
    return instant.astimezone(zone).strftime("%H:%M")


def today(zone: ZoneInfo) -> date:
    """The programme's present day."""
    return clock.day_of(clock.now(), zone)


def card(number: str) -> str:
    """Digits in groups of four."""
    digits = number.replace(" ", "")
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
