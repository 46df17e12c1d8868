"""Keys and a sender for the tests of the API."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.test import Client
from django.urls import clear_url_caches, set_urlconf

from loyalty.api import auth


@pytest.fixture
def shop(settings):
    """The test-only calls beside the real ones."""
    settings.ROOT_URLCONF = "tests.api.shop"
    clear_url_caches()
    yield
    set_urlconf(None)
    clear_url_caches()


@pytest.fixture
def make_key() -> Callable[..., str]:
    """Makes a key; returns its text."""

    def make(name: str = "till", scopes: tuple[str, ...] = auth.SCOPES, **more: Any) -> str:
        return auth.issue(name=name, scopes=list(scopes), **more)[1]

    return make


class Sender:
    """A calling system with one key."""

    def __init__(self, token: str | None) -> None:
        self.client, self.token = Client(raise_request_exception=False), token

    def headers(self, **more: str) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**bearer, **{name.replace("_", "-"): value for name, value in more.items()}}

    def get(self, path: str, **headers: str):
        return self.client.get(path, headers=self.headers(**headers))

    def post(self, path: str, body: Any = None, *, key: str | None = "new", raw: bytes | None = None, **headers: str):
        if key == "new":
            key = str(uuid.uuid4())
        named = {**headers, **({"Idempotency_Key": key} if key is not None else {})}
        content_type = named.pop("Content_Type", "application/json")
        data = raw if raw is not None else json.dumps(body if body is not None else {}).encode()
        return self.client.post(path, data=data, content_type=content_type, headers=self.headers(**named))


@pytest.fixture
def till(shop, make_key) -> Sender:
    """A till that may do everything, with the shop of test calls. Takes a database fixture beside it."""
    return Sender(make_key())


@pytest.fixture(autouse=True)
def fresh_limits(settings):
    """Counters of their own for each test."""
    client = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    for name in client.scan_iter("limit:*"):
        client.delete(name)
