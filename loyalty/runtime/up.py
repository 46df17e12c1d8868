"""`./run`: start everything, load the demo, watch over it, stop it all."""

import json
import signal
import time
from collections.abc import Mapping
from types import FrameType
from typing import NoReturn

from loyalty.runtime import environment, system, terminal
from loyalty.runtime.failures import LaunchError, insist_on_space
from loyalty.runtime.home import Home, read_json, write_private
from loyalty.runtime.install import home_path
from loyalty.runtime.processes import Process
from loyalty.runtime.seeding import Seeding
from loyalty.runtime.supervisor import Supervisor

PAUSE = 0.5  # seconds between two looks at the processes


class Stop:
    """The first Ctrl-C or SIGTERM ends what is being done; a second one cuts the good-byes short.

    A terminal that is closed may send SIGHUP beside another signal: that is no second request.
    """

    def __init__(self) -> None:
        self.asked = 0
        self.processes: list[Process] = []  # whose good-byes they are
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, self._ask)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self.asked += 1
        if self.asked == 1:
            raise KeyboardInterrupt
        if number != signal.SIGHUP:
            for process in self.processes:
                process.cut_short()


def main() -> int:
    """Runs until it is told to stop. Raises LaunchError."""
    begun = time.monotonic()
    stop = Stop()
    port = environment.port()
    environment.refuse_a_sandbox_in_production()
    home = Home(home_path())
    home.prepare()
    claim(home)
    try:
        system.free(port, seconds=3)
        servers = system.Servers(home)
        places = environment.data_places(servers.postgres, home)
        for place in places:
            insist_on_space(place, 1 << 26)
        if servers.postgres is not None and home.path not in servers.postgres.state.parents:
            terminal.say(f"PostgreSQL's files are in {servers.postgres.state}: its account may not enter {home.path}")
        stop.processes += servers.processes
        with servers.up():
            env = environment.for_django(home, servers.postgres, servers.valkey, port)
            run(home, env, servers, stop, begun)
    except KeyboardInterrupt:
        return 0
    finally:
        home.withdraw()
        home.remove_outside()
        if stop.asked:
            terminal.say("stopped")


def claim(home: Home) -> None:
    """Raises LaunchError where another launcher has the home."""
    if home.lock():
        home.withdraw()  # a former launcher that was killed could not
        return
    owner = home.running()
    where = f" at http://127.0.0.1:{owner['port']}/" if owner.get("port") else ""
    raise LaunchError(
        f"It already runs{where} (process {owner.get('pid', 'unknown')}) from {home.path}: "
        "stop that with Ctrl-C, or start a second one with another LOYALTY_HOME and LOYALTY_PORT."
    )


def run(home: Home, env: Mapping[str, str], servers: system.Servers, stop: Stop, begun: float) -> NoReturn:
    """Everything above the servers. Raises KeyboardInterrupt at the end, or LaunchError."""
    port = int(env["LOYALTY_PORT"])
    demo = environment.demo()
    mark_loading(home, demo)
    programmes = [system.web(env, home.log), system.worker(env, home.log), system.beat(env, home.log)]
    seeding = Seeding(home, env, demo) if demo else None
    above = [*([seeding.process] if seeding else []), *reversed(programmes)]
    stop.processes += above
    try:
        start_all(home, env, programmes, is_new=servers.is_new)
        home.announce(port=port, env=environment.shared(env))
        terminal.say(f"it answers at http://127.0.0.1:{port}/ after {time.monotonic() - begun:.0f} s")
        supervisor = Supervisor(
            [*servers.processes, *programmes], terminal.say, environment.data_places(servers.postgres, home)
        )
        watch(home, port, supervisor, seeding)
    finally:
        system.stop(above)


def mark_loading(home: Home, demo: str | None) -> None:
    """`/readyz` must not answer 200 in the moment before the first demo begins to load."""
    if demo is None:
        home.seed.unlink(missing_ok=True)
    elif not home.seed.exists() and not home.demo.exists():
        write_private(home.seed, json.dumps({"done": 0.0}))


def start_all(home: Home, env: Mapping[str, str], programmes: list[Process], *, is_new: bool) -> None:
    """Migrate and start. On a first start the web server comes first: `/healthz` answers, `/readyz` says to wait.

    Later it comes after the migrations, so that it never meets a database older than itself. Raises LaunchError.
    """
    web, *others = programmes
    if is_new:
        mark_loading(home, environment.demo() or "nothing")
        web.start()
    terminal.say("migrating the database")
    system.migrate(home, env)
    if not is_new:
        web.start()
    elif environment.demo() is None:
        home.seed.unlink(missing_ok=True)
    system.insist_on_web(web)
    for programme in others:
        programme.start()


def watch(home: Home, port: int, supervisor: Supervisor, seeding: Seeding | None) -> NoReturn:
    """Until KeyboardInterrupt. Raises LaunchError."""
    shown = False
    if seeding is not None:
        seeding.start()
    while True:
        if seeding is not None:
            seeding.look()
        if not shown and (seeding is None or seeding.finished):
            shown = True
            sign_ins = read_json(home.demo).get("sign_ins", [])
            terminal.show_addresses(port, sign_ins if isinstance(sign_ins, list) else [])
        supervisor.look()
        time.sleep(PAUSE)
