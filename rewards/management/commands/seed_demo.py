"""`manage.py seed_demo cdnow|coffee|outdoor|department`: load a demo.

Stop it at any point and run it again; a complete one changes nothing.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from loyalty import outbox
from loyalty.runtime import terminal
from loyalty.runtime.home import read_json, write_private
from rewards.demo import cast, replay

REPLAYED = 0.75  # the share of the whole work, by the clock
FACTS_AT_ONCE = 500


class Shown:
    """How far it is: in LOYALTY_HOME/seed.json, which /readyz reads, and on the terminal."""

    def __init__(self) -> None:
        self._file = settings.LOYALTY_HOME / "seed.json"
        self._bar = terminal.progress("loading the demo")
        if read_json(self._file).get("done") != 1.0:  # a complete demo stays ready while it is looked through
            self.now(0.0)

    def now(self, done: float) -> None:
        """`done` of 1 means that everything is there."""
        write_private(self._file, json.dumps({"done": round(done, 4)}))
        self._bar.show(done)

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._bar.close()


class Command(BaseCommand):
    """Months of purchases, people to sign in as, and the messages that followed."""

    help = "Load a demo programme; harmless to repeat."
    requires_system_checks = []  # they take seconds, and `migrate` ran them

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Which demo, and how much of it."""
        parser.add_argument("demo", choices=replay.DEMOS)
        parser.add_argument("--customers", type=int, help="only the first so many (for tests)")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Replay, hire, carry the facts to their handlers, say how to sign in."""
        settings.LOYALTY_HOME.mkdir(parents=True, exist_ok=True)
        shown = Shown()
        try:
            happened = replay.replay(
                progress=lambda done: shown.now(done * REPLAYED), customers=options["customers"], demo=options["demo"]
            )
            self._sign_ins()
            self._carry(shown)
            shown.now(1.0)
        except replay.ProgrammeInUseError as error:
            raise CommandError(f"{error} Set LOYALTY_DEMO=0, or another LOYALTY_HOME.") from error
        finally:
            shown.close()
        self.stdout.write(f"{happened} events loaded." if happened else "The demo was loaded already.")

    def _sign_ins(self) -> None:
        """Write demo.json, for the owner's eyes only; passwords of an earlier run stay."""
        file = settings.LOYALTY_HOME / "demo.json"
        before = read_json(file).get("sign_ins", [])
        passwords = {one["user"]: one["password"] for one in before if "password" in one}
        sign_ins = [*cast.hire(passwords=passwords), *cast.members()]
        if sign_ins != before:
            write_private(file, json.dumps({"sign_ins": sign_ins}, indent=2, ensure_ascii=False) + "\n")

    def _carry(self, shown: Shown) -> None:
        """Let everybody who acts on facts act on these, beside whatever worker is running."""
        total = outbox.waiting()["waiting"]
        if total:
            shown.now(REPLAYED)
        while outbox.drain(limit=FACTS_AT_ONCE):
            left = outbox.waiting()["waiting"]
            shown.now(REPLAYED + (1 - REPLAYED) * 0.99 * max(0.0, 1 - left / total))
