"""Parts of the API's paths."""

from __future__ import annotations

from django.urls.converters import UUIDConverter, register_converter


class Id(UUIDConverter):
    """An id, in small letters or capitals."""

    regex = "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"


register_converter(Id, "id")
