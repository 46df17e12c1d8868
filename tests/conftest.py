"""Databases for tests: one template, migrated by the owner; each process and each committing test gets a copy.

The guards of the ledger refuse TRUNCATE, so Django's flush cannot be used; copying costs a tenth of a second.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from tests.browser import browser, served  # noqa: F401  (fixtures; registered once, so one Chromium)

ROOT = Path(__file__).resolve().parent.parent
OWNER = os.environ.get("DATABASE_OWNER_URL", "")


def as_owner(sql: str) -> None:
    """Run one statement as the owner, outside a transaction, in no particular database of ours."""
    with psycopg.connect(OWNER, dbname="postgres", autocommit=True) as connection:
        connection.execute(sql.encode())


@contextmanager
def database_copy(template: str) -> Iterator[str]:
    """A database of its own, copied from `template` and dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    as_owner(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield name
    finally:
        drop(name)


def drop(name: str) -> None:
    """Drop a database; autovacuum, which the owner may not end, is given some moments to leave it."""
    for remaining in range(20, 0, -1):
        try:
            as_owner(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        except psycopg.errors.InsufficientPrivilege:
            if remaining == 1:
                return  # it goes with the cluster, which is thrown away after the run
            time.sleep(0.25)
        else:
            return


def use_database(name: str) -> str:
    """Point every connection of this process at another database; returns the one before."""
    configuration = connections.settings["default"]
    before = str(configuration["NAME"])
    connections.close_all()
    configuration["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name
    return before


def migrated(name: str) -> None:
    """Create database `name` and migrate it as the owner."""
    as_owner(f"CREATE DATABASE {name}")
    url = psycopg.conninfo.make_conninfo(OWNER, dbname=name)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        check=True,
    )


def pytest_configure() -> None:
    """A home that no launcher has prepared lacks the directory that WhiteNoise looks into. Each worker counts alone."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    cache = settings.CACHES["default"]
    base, _, database = cache["LOCATION"].partition("?db=")
    cache["LOCATION"] = os.environ["CACHE_URL"] = f"{base}?db={int(database or 0) + number}"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The migrated template, made once for all workers of this run."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:16]
    name = f"template_{run}"
    base = tmp_path_factory.getbasetemp()
    place = base if worker_id == "master" else base.parent
    with (place / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "template.made").exists():
            migrated(name)
            (place / "template.made").touch()
    yield name
    if worker_id == "master":
        drop(name)


@pytest.fixture(scope="session")
def django_db_setup(template: str, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """One copy for all tests of this process that roll back."""
    with database_copy(template) as name:
        use_database(name)
        yield
        connections.close_all()


@pytest.fixture
def committed(template: str, django_db_setup: None, django_db_blocker) -> Iterator[str]:
    """A database of its own for a test that commits, with real transactions and threads; its name."""
    with database_copy(template) as name, django_db_blocker.unblock():
        before = use_database(name)
        try:
            yield name
        finally:
            use_database(before)


@pytest.fixture
def owner():
    """Connect to a database as its owner, for what the serving role may not do: `with owner(name) as connection`."""

    def connect(name: str) -> psycopg.Connection:
        return psycopg.connect(OWNER, dbname=name, autocommit=True)

    return connect


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks `by_size` how much to try is tried again, with more, by `./run test --more -m "more or sized"`."""
    for item in items:
        if hasattr(getattr(item, "module", None), "by_size"):
            item.add_marker("sized")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The controller drops the template that its workers shared."""
    run = getattr(session.config, "workerinput", None)
    uid = os.environ.get("PYTEST_XDIST_TESTRUNUID") or getattr(session.config, "_loyalty_run", None)
    if run is None and uid and OWNER:
        as_owner(f"DROP DATABASE IF EXISTS template_{uid[:16]} WITH (FORCE)")
