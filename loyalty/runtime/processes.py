"""One child process: it cannot outlive the launcher, and its log cannot fill the disk."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self, TypedDict

LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1
LOG_BYTES = 5_000_000


def ends_with_parent(sent: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the child `sent` when the launcher dies, even by kill -9.

    The kernel forgets the wish when the process changes its user; `preexec_fn` runs after that.
    It is bound to the *thread* that started the child: start children from the main thread.
    """
    parent = os.getpid()

    def ask() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
            if os.getppid() != parent:  # it died before the wish was known
                os._exit(1)

    return ask


class Process:
    """A program that is started, watched, stopped and, after a death, started again.

    It leads a session of its own: a Ctrl-C at the terminal does not reach it, and what it leaves behind
    when it dies (pool workers that hold the port) can be found and ended.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = Path("/"),
        account: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        orphan_signal: signal.Signals | None = None,
        quit_signal: signal.Signals = signal.SIGKILL,
        ready: Callable[[], bool] | None = None,
        before: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.stop_signal = stop_signal
        self._orphan_signal = orphan_signal or stop_signal
        self._quit_signal = quit_signal
        self._env = env
        self._cwd = cwd
        self._account = account
        self._ready = ready
        self._before = before
        self._child: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._cleared = True

    def __enter__(self) -> Self:
        if self._child is None:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process as last started. Raises RuntimeError before the first start."""
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def returncode(self) -> int | None:
        return None if self._child is None else self._child.poll()

    @property
    def age(self) -> float:
        """Seconds since the last start."""
        return time.monotonic() - self._started_at

    def start(self) -> None:
        """Start it, after clearing away what an earlier one left. Does not wait until it is ready."""
        if self.alive:
            return
        self.clear()
        if self._before is not None:
            self._before()
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._cwd,
                env=self._env,
                start_new_session=True,
                preexec_fn=ends_with_parent(self._orphan_signal),
                **as_account(self._account),
            )
        self._started_at = time.monotonic()
        self._cleared = False

    def ready(self) -> bool:
        """Whether it does its work: by its own test or, where it has none, by having lived for 5 seconds."""
        if not self.alive:
            return False
        return self._ready() if self._ready is not None else self.age > 5

    def wait_ready(self, seconds: float) -> bool:
        """False when it died or was not ready in time."""
        return wait_until(lambda: self.ready() or not self.alive, seconds) and self.alive

    def ask_to_stop(self) -> None:
        if self._child is not None and self.alive:
            self._child.send_signal(self.stop_signal)

    def stop(self, seconds: float = 10) -> None:
        """Ask, wait, insist; afterwards nothing of its session is left."""
        self.ask_to_stop()
        if self._child is not None:
            try:
                self._child.wait(timeout=seconds)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        self.clear()

    def kill(self) -> None:
        """SIGKILL, as a crash would: it and every process of its session, at once."""
        self.clear()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def cut_short(self) -> None:
        """End it and its session now. Waits for nothing, so that a signal handler may call it; `stop` buries it."""
        if self._child is not None and self._child.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, self._quit_signal)

    def kill_leader(self) -> None:
        """SIGKILL to the one process we started; what it started is left to notice by itself."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def clear(self) -> None:
        """End what is left of its session, once: later the id may be a stranger's."""
        if self._child is not None and not self._cleared:
            self._cleared = True
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            lines = self.log.read_bytes()[-4000:].decode(errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def bound_log(self) -> None:
        """Keep one old file. The child appends, so emptying it in place loses a torn line at most."""
        try:
            if self.log.stat().st_size > LOG_BYTES:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)
        except OSError:  # a full disk: the next round tries again
            return


class Identity(TypedDict):
    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_account(account: pwd.struct_passwd | None) -> Identity:
    """Arguments that make `subprocess` drop root's rights for good; None: stay who we are."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def wait_until(true: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
