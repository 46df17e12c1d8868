"""One running system: who may start it, what it survives, that nothing of it is left (FAULTS C1, C2, C9)."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from loyalty.runtime.processes import wait_until
from tests.faults.launching import Launcher, Running, command_line, copy_checkout, open_place


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("launcher"))


@pytest.fixture(scope="module")
def life(checkout: Path) -> Iterator[Life]:
    with open_place() as place, ExitStack() as ends:
        yield Life(Launcher(checkout, place / "home"), ends)


@pytest.fixture
def system(life: Life) -> Running:
    """A `./run` that is up: one for all tests of this file, until one of them ends it."""
    return life.now()


@pytest.fixture
def launcher(checkout: Path) -> Iterator[Launcher]:
    """A `./run` that has not been started."""
    with open_place() as place:
        yield Launcher(checkout, place / "home")


class Life:
    """One home and whoever runs in it now."""

    def __init__(self, launcher: Launcher, ends: ExitStack) -> None:
        self.launcher = launcher
        self._ends = ends
        self._running: Running | None = None

    def now(self) -> Running:
        if self._running is None or self._running.process.poll() is not None:
            self._running = self._ends.enter_context(self.launcher.running())
        return self._running


def test_it_answers_and_says_where(system: Running) -> None:
    assert system.answers()
    for path in ("/", "/staff/", "/api/docs"):
        assert f"{system.launcher.url}{path}" in system.output


def test_a_second_start_in_the_same_home_is_refused(system: Running) -> None:
    sentence = system.launcher.refusal()
    assert f"already runs at {system.launcher.url}/ (process {system.pid})" in sentence
    assert system.answers()


def test_manage_works_while_it_runs_and_as_the_role_that_serves(system: Running) -> None:
    script = (
        "from django.db import connection as c; raise SystemExit(len(c.cursor().execute('SELECT 1').fetchall()) + 6)"
    )
    code, text = system.launcher.call("manage", "shell", "-v", "0", "-c", script)
    assert code == 7, text
    assert system.query("SELECT current_user") == "loyalty_app"


def test_the_role_that_serves_is_no_superuser_and_commits_are_durable(system: Running) -> None:
    assert system.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == "f"
    assert system.query("SHOW fsync") == "on"
    assert system.query("SHOW full_page_writes") == "on"
    assert system.query("SHOW synchronous_commit") == "on"


def test_postgresql_does_not_run_as_root(system: Running) -> None:
    account = system.child("bin/postgres ").username()
    assert account != "root"
    assert (system.launcher.home / "postgres" / "data").stat().st_mode & 0o777 == 0o700


def test_secrets_are_for_their_owner_alone(system: Running) -> None:
    home = system.launcher.home
    assert (home / "secret_key").stat().st_mode & 0o077 == 0
    assert len((home / "secret_key").read_text()) > 50
    assert "SECRET" not in str(system.facts())


def test_kill_9_of_postgresql_recovers_by_itself(system: Running) -> None:
    server = system.child("bin/postgres ")
    for process in [*server.children(recursive=True), server]:
        with suppress(psutil.NoSuchProcess):  # they end by themselves when they see the others go
            process.kill()
    system.wait_for("postgres is back")
    assert system.query("SELECT 1") == "1"
    assert system.answers()


@pytest.mark.more
def test_kill_9_of_the_postmaster_alone_recovers_by_itself(system: Running) -> None:
    before = system.output.count("postgres is back")
    system.child("bin/postgres ").kill()
    assert wait_until(lambda: system.output.count("postgres is back") > before, 120)
    assert system.query("SELECT 1") == "1"


@pytest.mark.parametrize(
    "name",
    [
        "granian",
        "celery -A loyalty worker",
        pytest.param("celery -A loyalty beat", marks=pytest.mark.more),
        pytest.param("valkey-server", marks=pytest.mark.more),
    ],
)
def test_kill_9_of_any_other_process_recovers_by_itself(system: Running, name: str) -> None:
    before = system.child(name)
    before.kill()
    assert wait_until(lambda: system.has_child(name, other_than=before.pid), 90)
    assert system.answers()


def test_kill_9_of_the_launcher_leaves_nothing_and_the_next_start_works(system: Running) -> None:
    """Also with a pid file that names a living stranger and with dead sockets; it then ends on SIGTERM."""
    launcher = system.launcher
    assert len(system.family()) > 8
    system.send(signal.SIGKILL)
    assert system.leaves_nothing()
    (launcher.home / "postgres/data/postmaster.pid").write_text("1\n/nowhere\n1\n5432\n\n\n\n")
    leave_a_dead_socket(launcher.home / "postgres-socket/.s.PGSQL.5432")
    leave_a_dead_socket(launcher.home / "valkey-socket/valkey.sock")
    with launcher.running() as again:
        assert again.query("SELECT 1") == "1"
        again.send(signal.SIGTERM)
        assert again.process.wait(timeout=60) == 0
        assert again.leaves_nothing(seconds=1)
        assert "Traceback" not in again.output
    assert not (launcher.home / "running.json").exists()
    assert not list(launcher.home.rglob(".s.PGSQL.*"))
    manage_works_alone_and_leaves_nothing(launcher)


def test_a_second_ctrl_c_cuts_the_good_byes_short_and_leaves_nothing(system: Running) -> None:
    """The web server sleeps and cannot say good-bye: with one Ctrl-C the launcher would wait 10 s for it."""
    system.child("granian").suspend()
    system.send(signal.SIGINT)
    assert not wait_until(lambda: system.process.poll() is not None, 2)
    system.send(signal.SIGHUP)
    assert not wait_until(lambda: system.process.poll() is not None, 1)
    system.send(signal.SIGINT)
    assert system.process.wait(timeout=4) == 0
    assert system.leaves_nothing(seconds=1)
    assert "Traceback" not in system.output


def manage_works_alone_and_leaves_nothing(launcher: Launcher) -> None:
    code, text = launcher.call("manage", "check")
    assert code == 0, text
    assert "no issues" in text
    assert not (launcher.home / "postgres/data/postmaster.pid").exists()
    assert not (launcher.home / "running.json").exists()


@pytest.mark.more
def test_sigterm_to_the_tests_leaves_neither_process_nor_place(launcher: Launcher) -> None:
    output = launcher.home.parent / "output"
    one = ["-n", "0", "tests/faults/test_launcher.py::test_it_answers_and_says_where"]
    tests = Running(launcher, launcher.popen("test", "--only-tests", *one, output=output), output)
    try:
        assert wait_until(lambda: any("granian" in command_line(child) for child in tests.family()), 120)
        places = Path(tests.child("pytest").environ()["LOYALTY_TEST_PLACES"])
        assert list(places.glob("*/home/postgres"))
        tests.send(signal.SIGTERM)
        assert tests.process.wait(timeout=60) != 0
        assert not places.exists()
        assert tests.leaves_nothing(seconds=30)
    finally:
        tests.end()


def leave_a_dead_socket(place: Path) -> None:
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(place))


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
