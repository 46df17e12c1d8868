"""Who may see what (FAULTS H1, J2, J5, J6)."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from members.models import Message

ANYBODY = {"home", "brand", "sign-in", "code", "join", "terms", "terms-version"}  # home shows the sign-in to strangers
DEEDS = {"sign-out", "language", "message-unread", "inbox-read"}  # POST only
# Every address with an id, with whose thing it names; a new one without a rule fails the test below.
OWNED = {"message": "GET", "message-unread": "POST"}


def portal_patterns() -> list[URLPattern]:
    """Every address named `portal:…`."""
    [resolver] = [
        entry for entry in get_resolver().url_patterns if isinstance(entry, URLResolver) and entry.app_name == "portal"
    ]
    found, waiting = [], list(resolver.url_patterns)
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, URLResolver):
            waiting += entry.url_patterns
        else:
            found.append(entry)
    return found


def test_every_address_with_an_id_has_a_rule():
    with_ids = {entry.name for entry in portal_patterns() if entry.pattern.converters}
    assert with_ids == {*OWNED, "brand", "terms-version"}


def without_volatile(html: str) -> str:
    """The body less the request's number."""
    return re.sub(r"[0-9a-f]{4}-[0-9a-f]{4}", "NUMBER", html)


def test_another_members_thing_looks_like_one_that_does_not_exist(world, as_member):
    letter = Message.objects.filter(member=world.ada, channel="inbox").first()
    assert letter is not None
    mail = Message.objects.filter(member=world.ben, channel="email").first()
    client = as_member(world.ben)
    for name, method in OWNED.items():
        suffix = "unread/" if name == "message-unread" else ""
        ids = [letter.pk, uuid.uuid4(), *([mail.pk] if mail else [])]
        replies = [client.generic(method, f"/inbox/{pk}/{suffix}") for pk in ids]
        assert {reply.status_code for reply in replies} == {404}
        assert len({without_volatile(reply.content.decode()) for reply in replies}) == 1
    letter.refresh_from_db()
    assert letter.read_at is None


def test_strangers_are_led_to_sign_in_from_every_page(programme):
    for entry in portal_patterns():
        if entry.name in ANYBODY or entry.pattern.converters:
            continue
        path = "/" + str(entry.pattern)
        reply = Client().get(path)
        expected = 405 if entry.name in DEEDS else 302
        assert reply.status_code == expected, path


def test_every_form_needs_its_token(world, as_member):
    client = as_member(world.ada)
    client.handler.enforce_csrf_checks = True
    paths = [
        "/inbox/read/",
        "/sign-in/",
        "/sign-in/code/",
        "/sign-out/",
        "/join/",
        "/language/",
        "/profile/",
        "/profile/edit/",
    ]
    letter = Message.objects.filter(member=world.ada, channel="inbox").first()
    for path in [*paths, f"/inbox/{letter.pk}/unread/"]:
        reply = client.post(path, {"choice": "marketing-email", "given": "0"})
        assert reply.status_code == 403, path
        assert "<h1>" in reply.content.decode()


def test_cookies_and_headers_are_closed(world, as_member, settings):
    client = as_member(world.ada)
    reply = client.get("/")
    client.post("/language/", {"language": "ja"})
    for name in ("csrftoken", "language"):
        cookie = client.cookies[name]
        assert (cookie["samesite"], bool(cookie["httponly"])) == ("Lax", True), name
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in reply.headers["Content-Security-Policy"]


def test_a_foreign_host_header_is_refused_in_the_houses_style(programme):
    reply = Client().get("/sign-in/", headers={"host": "evil.example"})
    assert reply.status_code == 400
    assert "evil.example" not in reply.content.decode()


def test_a_failure_shows_a_number_and_no_trace(world, as_member, monkeypatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("members.portal.hero.of", broken)
    client = as_member(world.ada)
    client.raise_request_exception = False
    reply = client.get("/card/")
    assert reply.status_code == 500
    html = reply.content.decode()
    assert "secret detail" not in html
    assert re.search(r"[0-9a-f]{4}-[0-9a-f]{4}", html)
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/portal/portal.css", "/static/portal/tokens.css", "/static/portal/mark.svg"])
def test_static_files_are_served_and_kept(programme, path):
    reply = Client().get(path)
    assert reply.status_code == 200
    assert "immutable" in reply.headers["Cache-Control"]


def test_the_staff_side_has_its_own_looser_policy(programme):
    policy = Client().get("/staff/").headers.get("Content-Security-Policy", "")
    assert "frame-ancestors 'none'" in policy
