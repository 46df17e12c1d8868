"""`./run manage …`: a Django command, on the running system or on one that lives as long as the command."""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NoReturn

from loyalty.runtime import environment, system, terminal
from loyalty.runtime.failures import LaunchError
from loyalty.runtime.foreground import run_in_foreground
from loyalty.runtime.home import Home
from loyalty.runtime.install import CHECKOUT, home_path

WAIT_SECONDS = 90  # for a system that is just starting or stopping
OWNER_COMMANDS = {"migrate", "flush", "createcachetable", "test"}  # they change the schema


def main(arguments: Sequence[str]) -> int:
    """The command's exit code. Raises LaunchError."""
    home = Home(home_path())
    home.prepare()
    if os.environ.get("DATABASE_URL") and os.environ.get("BROKER_URL"):
        become(arguments, environment.for_django(home, None, None, environment.port()))
    deadline = time.monotonic() + WAIT_SECONDS
    while not home.lock():
        home.join()
        if running := home.running():
            become(arguments, as_running(home, running))
        home.leave()
        if time.monotonic() > deadline:
            raise LaunchError(f"Another ./run is busy starting or stopping in {home.path}: try again in a minute.")
        time.sleep(0.5)
    try:
        return alone(home, arguments)
    finally:
        home.remove_outside()


def command_line(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def rights(arguments: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    return environment.as_owner(env) if arguments and arguments[0] in OWNER_COMMANDS else dict(env)


def as_running(home: Home, running: Mapping[str, dict[str, str]]) -> dict[str, str]:
    secret = {"LOYALTY_HOME": str(home.path), "LOYALTY_SECRET_KEY": home.secret_key}
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "loyalty.settings", **running["env"], **secret}


def become(arguments: Sequence[str], env: Mapping[str, str]) -> NoReturn:
    """The command inherits our place among the home's users."""
    os.chdir(CHECKOUT)
    os.execve(sys.executable, command_line(arguments), rights(arguments, env))


def alone(home: Home, arguments: Sequence[str]) -> int:
    """Start the servers for the length of the command, and of any command that joined it meanwhile."""
    home.withdraw()
    servers = system.Servers(home)
    with servers.up():
        env = environment.for_django(home, servers.postgres, servers.valkey, environment.port())
        if servers.is_new and arguments[:1] != ["migrate"]:
            terminal.say("making the database")
            system.migrate(home, env)
        home.announce(env=environment.shared(env))
        try:
            return run_in_foreground(command_line(arguments), rights(arguments, env))
        finally:
            home.withdraw()
            home.wait_for_users()
