"""The parts of one running system: its servers and its Django processes, and how they come and go."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from loyalty.runtime import environment
from loyalty.runtime.failures import LaunchError
from loyalty.runtime.home import Home
from loyalty.runtime.install import CHECKOUT
from loyalty.runtime.postgres import Postgres
from loyalty.runtime.processes import Process, ends_with_parent, wait_until
from loyalty.runtime.valkey import Valkey

WEB_SECONDS = 180  # for a busy machine; a server that dies is noticed at once
PYTHON = sys.executable


class Servers:
    """PostgreSQL and Valkey of one home, or what DATABASE_URL and BROKER_URL name in their place."""

    def __init__(self, home: Home, *, durable: bool = True, throwaway: bool = False) -> None:
        outside = {} if throwaway else os.environ
        self.postgres = None if outside.get("DATABASE_URL") else Postgres(home, durable=durable, throwaway=throwaway)
        self.valkey = None if outside.get("BROKER_URL") else Valkey(home)

    @property
    def processes(self) -> list[Process]:
        return [server.process for server in (self.postgres, self.valkey) if server is not None]

    @property
    def is_new(self) -> bool:
        return self.postgres is not None and self.postgres.is_new

    @contextmanager
    def up(self) -> Iterator[None]:
        """Started inside, stopped after. Raises LaunchError."""
        try:
            if self.valkey is not None:
                self.valkey.start()
            if self.postgres is not None:
                self.postgres.start()
            yield
        finally:
            stop(self.processes, seconds=60)


def stop(processes: list[Process], seconds: float = 10) -> None:
    """Ask all at once, then wait for each."""
    for process in processes:
        process.ask_to_stop()
    deadline = time.monotonic() + seconds
    for process in processes:
        process.stop(max(0.1, deadline - time.monotonic()))


def web(env: Mapping[str, str], log: Path) -> Process:
    """The web server on 127.0.0.1, at the port that `env` names."""
    port = int(env["LOYALTY_PORT"])
    workers = len(os.sched_getaffinity(0)) + 1  # cores + 1 with one thread each did best (docs/performance.md)
    command = [PYTHON, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", str(workers), "--blocking-threads", "1", "--respawn-failed-workers"]
    command += ["--workers-kill-timeout", "8", "--log-level", "warning", "loyalty.wsgi:application"]
    return Process(
        "web",
        command,
        log=log / "web.log",
        env=env,
        cwd=CHECKOUT,
        ready=lambda: answers(port),
        before=lambda: free(port),
    )


def insist_on_web(web_server: Process) -> None:
    """Return when it answers. Raises LaunchError."""
    if not web_server.wait_ready(WEB_SECONDS):
        raise LaunchError(f"The web server does not start ({web_server.last_words()}): see {web_server.log}.")


def worker(env: Mapping[str, str], log: Path) -> Process:
    """A Celery worker with two processes; without its launcher it is killed, and the sweepers find its work."""
    command = [PYTHON, "-m", "celery", "-A", "loyalty", "worker", "-c", "2", "-l", "warning"]
    command += ["--without-gossip", "--without-mingle"]
    return Process("worker", command, log=log / "worker.log", env=env, cwd=CHECKOUT, orphan_signal=signal.SIGKILL)


def beat(env: Mapping[str, str], log: Path) -> Process:
    """Celery's clock."""
    schedule = Path(env["LOYALTY_HOME"]) / "beat-schedule"
    command = [
        PYTHON,
        "-m",
        "celery",
        "-A",
        "loyalty",
        "beat",
        "-l",
        "warning",
        "-s",
        str(schedule),
        "--pidfile=",
    ]
    return Process("beat", command, log=log / "beat.log", env=env, cwd=CHECKOUT)


def seeder(env: Mapping[str, str], log: Path, demo: str) -> Process:
    """Loads the demo; may be cut short and started again."""
    command = [PYTHON, "manage.py", "seed_demo", demo]
    return Process("seed", command, log=log / "seed.log", env=env, cwd=CHECKOUT)


def migrate(home: Home, env: Mapping[str, str]) -> None:
    """Raises LaunchError."""
    log = home.log / "migrate.log"
    with log.open("w") as output:
        done = subprocess.run(
            [PYTHON, "manage.py", "migrate", "--no-input"],
            cwd=CHECKOUT,
            env=environment.as_owner(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            check=False,
            preexec_fn=ends_with_parent(signal.SIGTERM),
        )
    if done.returncode != 0:
        last = (log.read_text(errors="replace").strip().splitlines() or ["no output"])[-1]
        raise LaunchError(f"The database could not be migrated ({last}): {log} has the details.")


def answers(port: int, path: str = "/healthz") -> bool:
    """Whether the web server answers 200 there."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as line:
        try:
            line.request("GET", path, headers={"Host": f"127.0.0.1:{port}"})
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise LaunchError(
                f"Port {port} is for root alone: choose one from 1024 up, as in LOYALTY_PORT={port + 8000} ./run"
            ) from error
        except OSError:
            return False
        return True


def free(port: int, seconds: float = 5) -> None:
    """Wait a moment for a former web server to leave. Raises LaunchError."""
    if not wait_until(lambda: is_free(port), seconds):
        other = port + 1 if port < 65535 else 8000
        raise LaunchError(
            f"Port {port} is taken by another program: stop that, "
            f"or choose another port with LOYALTY_PORT={other} ./run"
        )
