"""For tests and benchmarks: a whole system of one's own, to be killed part by part.

    with throwaway_cluster(tmp_path) as cluster:
        cluster.migrate()
        with cluster.web() as web, cluster.worker():
            requests_go_to(cluster.url)
            cluster.postgres.kill()      # SIGKILL, the server and all its children
            cluster.postgres.start()     # recovers; returns when it answers
            web.kill_leader()            # SIGKILL to granian's first process alone
            web.kill(); web.start()      # … or to all of them
            cluster.valkey.kill()

Start processes from the main thread: the kernel ends them with the thread that started them. Everything is
stopped when the block ends, and dies with the test run even when that is killed.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

from loyalty.runtime import environment, system
from loyalty.runtime.failures import LaunchError
from loyalty.runtime.home import Home
from loyalty.runtime.postgres import Postgres
from loyalty.runtime.processes import Process
from loyalty.runtime.valkey import Valkey


class Cluster:
    """A running PostgreSQL and Valkey and what Django processes must know to use them."""

    def __init__(self, home: Home, postgres: Postgres, valkey: Valkey, port: int) -> None:
        self.home = home
        self.postgres = postgres
        self.valkey = valkey
        self.port = port
        self.env = environment.for_django(home, postgres, valkey, port) | {"LOYALTY_DEMO": "0"}

    @property
    def url(self) -> str:
        """Of the web server, once there is one."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def owner_env(self) -> dict[str, str]:
        """The environment with the rights to change the schema."""
        return environment.as_owner(self.env)

    def migrate(self) -> None:
        system.migrate(self.home, self.env)

    def web(self, **extra: str) -> Process:
        """A web server that answers /healthz; `extra` goes into its environment. Use it in a `with`."""
        process = system.web({**self.env, **extra}, self.home.log)
        process.start()
        try:
            system.insist_on_web(process)
        except LaunchError:
            process.stop()
            raise
        return process

    def worker(self, **extra: str) -> Process:
        """A Celery worker, started; it takes tasks a few seconds later. Use it in a `with`."""
        return system.worker({**self.env, **extra}, self.home.log)

    def beat(self, **extra: str) -> Process:
        """Celery beat. Use it in a `with`."""
        return system.beat({**self.env, **extra}, self.home.log)


@contextmanager
def throwaway_cluster(home: Path, *, durable: bool = False) -> Iterator[Cluster]:
    """PostgreSQL (roles and an empty database `loyalty`) and Valkey below `home`, whatever DATABASE_URL says.

    `durable`: with fsync, as in real runs; needed where the test measures. As root PostgreSQL's files are in
    the temporary directory where its account may not enter `home`; they are removed.
    """
    place = Home(home)
    place.prepare()
    if not place.lock():
        raise LaunchError(f"{home} is in use")
    servers = system.Servers(place, durable=durable, throwaway=True)
    assert servers.postgres is not None
    assert servers.valkey is not None
    try:
        with servers.up():
            yield Cluster(place, servers.postgres, servers.valkey, free_port())
    finally:
        place.unlock()
        place.remove_outside()
        if place.path not in servers.postgres.state.parents:
            rmtree(servers.postgres.state, ignore_errors=True)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
