"""What staff templates need besides plain values."""

from __future__ import annotations

from typing import Any

from django import template

from loyalty.admin import navigation

register = template.Library()


@register.simple_tag
def programme_name() -> str:
    """The programme's name in the language of the page."""
    return navigation.programme_name()


@register.simple_tag
def export_address(cl: Any) -> str:
    """The address of the list's rows as a file, with its search and filters."""
    address: str = cl.get_query_string({"export": "csv"}, ["p", "all"])
    return address
