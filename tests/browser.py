"""A browser for tests: Debian's Chromium in front of the real application on a database of the test's own.

`tests/conftest.py` registers the fixtures for all tests. `served` is the address of a threaded server in this process;
it answers from the database of the fixture `committed`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.signals import request_finished
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
every_look = pytest.mark.parametrize(  # one width in both languages on every run, the other in CI
    ("language", "size", "scheme"),
    [
        pytest.param("ja", PHONE, "light", id="ja phone"),
        pytest.param("en", PHONE, "dark", id="en phone dark"),
        pytest.param("en", DESKTOP, "light", id="en desktop", marks=pytest.mark.more),
        pytest.param("ja", DESKTOP, "dark", id="ja desktop dark", marks=pytest.mark.more),
    ],
)


class QuietHandler(WSGIRequestHandler):
    """Django's handler without its log lines."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


def give_back(**_: object) -> None:
    """Close a finished request's database connections: kept by a waiting thread, they would keep the database."""
    connections.close_all()


@pytest.fixture
def served(committed: str, settings, tmp_path: Path) -> Iterator[str]:
    """The address of the running application, e.g. http://127.0.0.1:40123, with mail in files under a fresh home."""
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
    server.set_app(WSGIHandler())
    request_finished.connect(give_back)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        request_finished.disconnect(give_back)
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the session. Playwright's loop must not look like an async context to Django's ORM."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Debian's chromium: apt-get install chromium fonts-noto-cjk")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@dataclass
class Complaints:
    """What a page complained about: console errors (policy violations are among them), failed requests, exceptions.

    A request that the browser itself gave up, because a person went on before the icon had come, is no complaint; and
    of an answer that says no, the address is kept, which the console's line leaves out.
    """

    found: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Complaints:
        """Collect from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"exception: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return self

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":
            self.found.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status}: {response.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"{message.type}: {message.text}")


def new_page(
    browser: Browser, *, locale: str = "en-GB", size: dict[str, int] | None = None, dark: bool = False
) -> Page:
    """A page in a browser session of its own."""
    context = browser.new_context(
        viewport=size or PHONE, locale=locale, color_scheme="dark" if dark else "light", reduced_motion="reduce"
    )
    return context.new_page()


def overflow(page: Page) -> int:
    """By how many px the page can be scrolled sideways; 0 is right."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return max(0, width)
