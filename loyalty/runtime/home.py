"""LOYALTY_HOME: the directory that holds everything one running system owns."""

import fcntl
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from loyalty.runtime.failures import LaunchError, kindly, not_writable

LONGEST_SOCKET = 107  # bytes in sockaddr_un
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # a comma would split libpq's host, a blank Celery's URL


class Home:
    """Paths below LOYALTY_HOME, the lock on it, and what it remembers."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.log = self.path / "log"
        self.seed = self.path / "seed.json"
        self.demo = self.path / "demo.json"
        self._running = self.path / "running.json"
        self._lock: IO[str] | None = None
        self._users: IO[str] | None = None

    def prepare(self) -> None:
        """Make it, and as root let PostgreSQL's account pass. One that was there keeps its mode."""
        try:
            if not self.path.is_dir():
                self.path.mkdir(parents=True)
                self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            self.log.mkdir(mode=0o700, exist_ok=True)
            (self.path / "static").mkdir(exist_ok=True)  # empty unless somebody collects; WhiteNoise looks into it
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise not_writable(self.path) from error
        if not os.access(self.path, os.W_OK):
            raise not_writable(self.path)
        self._write_something()

    def _write_something(self) -> None:
        """A full disk is said here: what comes next would only say that something else is not there."""
        probe = self.path / "probe"
        try:
            write_private(probe, "x")
        except OSError as error:
            raise kindly(error, self.path) from error
        probe.unlink()

    @property
    def identity(self) -> str:
        """A random name for what must live outside: a home made again does not meet the old one's data."""
        return self._kept("identity", lambda: secrets.token_hex(8))

    @property
    def secret_key(self) -> str:
        return self._kept("secret_key", lambda: secrets.token_urlsafe(50))

    def _kept(self, name: str, make: Any) -> str:
        """A secret made once; written aside first, so that a full disk leaves no empty key behind."""
        file = self.path / name
        if not file.exists():
            write_private(file, make())
        return file.read_text().strip()

    # -- who may use it ----------------------------------------

    def lock(self) -> bool:
        """Become the one launcher of this home, until this process ends. False if another is."""
        handle = (self.path / "lock").open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self._lock = handle
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def join(self) -> None:
        """Count as a user of the running system, also after exec, until this process ends."""
        self._users = (self.path / "users.lock").open("a")
        fcntl.flock(self._users, fcntl.LOCK_SH)
        os.set_inheritable(self._users.fileno(), True)

    def leave(self) -> None:
        if self._users is not None:
            self._users.close()
            self._users = None

    def wait_for_users(self) -> None:
        """Return when every user that joined has ended."""
        with (self.path / "users.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)

    # -- what it remembers ----------------------------------------

    def announce(self, **facts: Any) -> None:
        """Tell `./run manage` how to reach what this launcher runs."""
        write_private(self._running, json.dumps({"pid": os.getpid(), **facts}))

    def withdraw(self) -> None:
        self._running.unlink(missing_ok=True)

    def running(self) -> dict[str, Any]:
        return read_json(self._running)

    def socket_directory(self, name: str) -> Path:
        """Private, for sockets: below the home, or a short one where that path is too long or unusual."""
        near = self.path / name
        longest = len(os.fsencode(near / ".s.PGSQL.5432.lock"))
        if longest <= LONGEST_SOCKET and PLAIN_PATH.fullmatch(str(near)):
            return near
        return private_directory(self._outside) / name

    @property
    def _outside(self) -> Path:
        return Path(tempfile.gettempdir()) / f"loyalty-{self.identity}"

    def remove_outside(self) -> None:
        """Remove the short directory with the sockets, if there was need of one."""
        with suppress(OSError):  # a full disk has no temporary directory; what brought us here must be said, not this
            shutil.rmtree(self._outside, ignore_errors=True)


def private_directory(path: Path) -> Path:
    """Make it with nobody's way in but ours and, as root, that of PostgreSQL's account through it."""
    path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LaunchError(f"{path} is in the way and is not ours: remove it, then start ./run again.")
    return path


def write_private(file: Path, text: str) -> None:
    """Replace the file's content in one step, readable by its owner alone."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            handle.write(text)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def read_json(file: Path) -> dict[str, Any]:
    """What the file says, or nothing where it is missing or still being written."""
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
