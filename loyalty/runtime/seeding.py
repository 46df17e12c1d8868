"""The demo: loaded by a process of its own while the programme already answers."""

import json
import time
from collections.abc import Mapping

from loyalty.runtime import system, terminal
from loyalty.runtime.home import Home, read_json, write_private

MOST_ATTEMPTS = 5


class Seeding:
    """Runs `seed_demo` to its end, again if it is cut short, and shows how far it is."""

    def __init__(self, home: Home, env: Mapping[str, str], demo: str) -> None:
        self._home = home
        self.process = system.seeder(env, home.log, demo)
        self._progress: terminal.Progress | None = None
        self._attempts = 0
        self._again_at = 0.0
        self.finished = False

    def start(self) -> None:
        self._attempts += 1
        self.process.start()

    def look(self) -> None:
        """One round; sets `finished` at the end, also when the demo could not be loaded."""
        if self.finished:
            return
        if self.process.alive:
            self._show()
        elif self.process.returncode == 0:
            self._finish()
            write_private(self._home.seed, json.dumps({"done": 1.0}))
        elif self._attempts >= MOST_ATTEMPTS:
            self._finish()
            terminal.complain(
                f"The demo could not be loaded ({self.process.last_words()}): see {self.process.log}; "
                "the programme runs, and the next ./run tries again."
            )
        elif not self._again_at:
            self._again_at = time.monotonic() + 2**self._attempts
        elif time.monotonic() >= self._again_at:
            self._again_at = 0.0
            self.start()

    def _show(self) -> None:
        done = read_json(self._home.seed).get("done")
        if not isinstance(done, int | float):
            return
        if self._progress is None and done < 1:
            self._progress = terminal.progress("loading the demo")
        if self._progress is not None:
            self._progress.show(float(done))

    def _finish(self) -> None:
        self.finished = True
        if self._progress is not None:
            if self.process.returncode == 0:
                self._progress.show(1.0)
            self._progress.close()
