"""One running system: who may start it, what it survives, and that nothing of it is left (FAULTS C1, C2, C9)."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from loyalty.runtime.processes import wait_until
from tests.faults.launching import Launcher, Running, copy_checkout

pytestmark = pytest.mark.xdist_group("launcher")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("launcher"))


@pytest.fixture(scope="module")
def system(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One `./run` for all tests of this file that leave it as they found it."""
    with Launcher(checkout, tmp_path_factory.mktemp("life") / "home").running() as running:
        yield running


@pytest.fixture
def launcher(checkout: Path, tmp_path: Path) -> Launcher:
    return Launcher(checkout, tmp_path / "home")


def test_it_answers_and_says_where(system: Running) -> None:
    assert system.answers()
    for path in ("/", "/staff/", "/api/docs"):
        assert f"{system.launcher.url}{path}" in system.output


def test_a_second_start_in_the_same_home_is_refused(system: Running) -> None:
    sentence = system.launcher.refusal()
    assert f"already runs at {system.launcher.url}/ (process {system.pid})" in sentence
    assert system.answers()


def test_manage_works_while_it_runs_and_as_the_role_that_serves(system: Running) -> None:
    assert system.query("SELECT current_user") == "loyalty_app"
    code, text = system.launcher.call("manage", "shell", "-v", "0", "-c", "raise SystemExit(7)")
    assert code == 7, text


def test_the_role_that_serves_is_no_superuser_and_commits_are_durable(system: Running) -> None:
    assert system.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "False"
    assert system.query("SHOW fsync") == "on"
    assert system.query("SHOW full_page_writes") == "on"
    assert system.query("SHOW synchronous_commit") == "on"


def test_secrets_are_for_their_owner_alone(system: Running) -> None:
    home = system.launcher.home
    assert (home / "secret_key").stat().st_mode & 0o077 == 0
    assert len((home / "secret_key").read_text()) > 50
    assert "SECRET" not in str(system.facts())


def test_kill_9_of_postgresql_recovers_by_itself(system: Running) -> None:
    for child in system.child("bin/postgres ").children(recursive=True):
        child.kill()
    system.child("bin/postgres ").kill()
    system.wait_for("postgres is back")
    assert system.query("SELECT 1") == "1"
    assert system.answers()


def test_kill_9_of_the_postmaster_alone_recovers_by_itself(system: Running) -> None:
    before = system.output.count("postgres is back")
    system.child("bin/postgres ").kill()
    assert wait_until(lambda: system.output.count("postgres is back") > before, 60)
    assert system.query("SELECT 1") == "1"


@pytest.mark.parametrize("name", ["granian", "celery -A loyalty worker", "celery -A loyalty beat", "valkey-server"])
def test_kill_9_of_any_other_process_recovers_by_itself(system: Running, name: str) -> None:
    before = system.child(name)
    before.kill()
    assert wait_until(lambda: any(name in " ".join(child.cmdline()) for child in direct(system)), 30)
    assert system.child(name).pid != before.pid
    assert system.answers()


def direct(system: Running):
    return [child for child in system.family() if child.ppid() == system.pid]


def test_sigterm_leaves_no_process_and_no_socket(launcher: Launcher) -> None:
    with launcher.running() as running:
        assert len(running.family()) > 8
        running.send(signal.SIGTERM)
        assert running.process.wait(timeout=30) == 0
        assert running.leaves_nothing(seconds=1)
        assert "Traceback" not in running.output
    assert not (launcher.home / "running.json").exists()
    assert not list(launcher.home.rglob("*.s.PGSQL.5432"))


def test_kill_9_of_the_launcher_leaves_nothing_and_the_next_start_works(launcher: Launcher) -> None:
    """Also with a pid file that names a living stranger, and sockets that nobody serves."""
    with launcher.running() as running:
        running.query("SELECT 1")
        running.send(signal.SIGKILL)
        assert running.leaves_nothing()
    (launcher.home / "postgres/data/postmaster.pid").write_text("1\n/nowhere\n1\n5432\n\n\n\n")
    leave_a_dead_socket(launcher.home / "postgres-socket/.s.PGSQL.5432")
    leave_a_dead_socket(launcher.home / "valkey-socket/valkey.sock")
    with launcher.running() as again:
        assert again.query("SELECT 1") == "1"


def leave_a_dead_socket(place: Path) -> None:
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(place))


def test_manage_works_alone_and_leaves_nothing(launcher: Launcher) -> None:
    code, text = launcher.call("manage", "check")
    assert code == 0, text
    assert "no issues" in text
    assert not (launcher.home / "postgres/data/postmaster.pid").exists()
    assert not (launcher.home / "running.json").exists()


def test_a_taken_port_is_said(launcher: Launcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", launcher.port))
        taken.listen()
        sentence = launcher.refusal()
    assert f"Port {launcher.port} is taken by another program" in sentence
    assert f"LOYALTY_PORT={launcher.port + 1} ./run" in sentence


def test_a_port_that_is_none_is_said(launcher: Launcher) -> None:
    launcher.environment["LOYALTY_PORT"] = "eighty"
    assert "LOYALTY_PORT=eighty is not a port" in launcher.refusal()


def test_an_unknown_command_is_said(launcher: Launcher) -> None:
    code, text = launcher.call("dance")
    assert code != 0
    assert "There is no ./run dance" in text
