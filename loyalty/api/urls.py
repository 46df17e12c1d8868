"""Addresses of the API. The rooms' own are included by name; each floor exports `APP/api/urls.py`."""

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from loyalty.api import sandbox, schema

ROOMS = [name for name in ("members.api.urls", "rewards.api.urls") if find_spec(name)]
PUBLISHED = [name for name in ("rewards.api.published",) if find_spec(name)]

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema", schema.serve),
    *[path("", include(name)) for name in PUBLISHED],
    *[path("v1/", include(name)) for name in ROOMS],
    path("v1/", include(sandbox.urlpatterns)),
]
