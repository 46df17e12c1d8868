"""Amounts of money in the programme's currency, wherever the schema says that money stands; and its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from loyalty import money
from rewards.programme_file import order
from rewards.programme_file.grammar import SCHEMA
from rewards.programme_file.problems import WARNING

from .findings import Document, Finding, entries

# ISO 4217, list of 2024-06-25: currencies that people pay with.
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF"
    " CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG"
    " HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA"
    " MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD"
    " RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX"
    " USD UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG"
)
CURRENCIES = frozenset(_CODES.split())


def settings_are_real(document: Document) -> Iterator[Finding]:
    """Time zone and currency."""
    settings = document.get("settings") or {}
    zone = settings.get("timezone")
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        detail = _("“%(zone)s” is not a time zone.") % {"zone": zone}
        mend = _("take a name of the IANA list, such as Asia/Tokyo or Europe/Berlin")
        yield Finding("settings.timezone", "zone_unknown", detail, mend)
    currency = settings.get("currency", "USD")
    if currency not in CURRENCIES:
        detail = _("“%(code)s” is not a currency that we know; it is taken to have two decimals.") % {"code": currency}
        yield Finding("settings.currency", "currency_unknown", detail, _("check the ISO 4217 code"), WARNING)


def money_has_the_currency_s_decimals(document: Document) -> Iterator[Finding]:
    """JPY has none, USD two, KWD three."""
    currency = (document.get("settings") or {}).get("currency", "USD")
    for place, value in _money(document, SCHEMA, ""):
        try:
            money.minor(value, currency)
        except money.TooManyDecimalsError:
            places = money.decimals(currency)
            detail = _("“%(value)s” has more decimals than %(currency)s.") % {"value": value, "currency": currency}
            mend = (
                _("write at most %(places)d decimals") % {"places": places}
                if places
                else _("write it without decimals")
            )
            yield Finding(place, "too_many_decimals", detail, mend)
        except money.NotMoneyError:
            yield Finding(place, "not_money", _("“%(value)s” is not an amount.") % {"value": value}, _('write "100"'))


def _money(value: Any, schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Every text that the schema calls money; thresholds of tiers are looked at with their metric."""
    if isinstance(value, str):
        if schema.get("$ref") == "#/$defs/money" or schema.get("else", {}).get("$ref") == "#/$defs/money":
            yield place, value
        return
    if not isinstance(value, Mapping | list):
        return
    schema = order.chosen(value, schema)
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _money(one, schema.get("items", {}), f"{place}[{index}]")
        return
    known = schema.get("properties", {})
    for key, inner in value.items():
        yield from _money(inner, known.get(key, {}), f"{place}.{key}" if place else str(key))


def lengths_are_lengths(document: Document) -> Iterator[Finding]:
    """A plan lasts for some time; `at` belongs to messages about a balance."""
    for place, plan in entries(document, "plans"):
        length = plan.get("length")
        if isinstance(length, Mapping) and not any(length.values()):
            yield Finding(f"{place}.length", "out_of_range", _("This plan lasts no time."), _("give it a day or more"))
    for place, message in entries(document, "messages"):
        asks = message.get("trigger") == "balance.reached"
        if asks and "at" not in message:
            detail = _("“at” is missing: the balance at which the message is sent.")
            yield Finding(f"{place}.at", "required", detail, _("add it, such as at: 50"))
        if not asks and "at" in message:
            detail = _("“at” belongs to the trigger balance.reached alone.")
            yield Finding(f"{place}.at", "unknown_key", detail, _("take it out, or change the trigger"))
