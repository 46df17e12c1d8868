"""What the Django processes are told. The settings read these names and nothing else of the launcher."""

import os
from collections.abc import Mapping
from pathlib import Path

from loyalty.runtime.failures import LaunchError
from loyalty.runtime.home import Home
from loyalty.runtime.postgres import Postgres
from loyalty.runtime.valkey import Valkey

DEFAULT_PORT = "8000"
DEFAULT_DEMO = "cdnow"
DEMOS = (DEFAULT_DEMO, "coffee", "outdoor", "department")  # what seed_demo knows


def port() -> int:
    """LOYALTY_PORT. Raises LaunchError."""
    text = os.environ.get("LOYALTY_PORT") or DEFAULT_PORT
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise LaunchError(f"LOYALTY_PORT={text} is not a port: choose a number from 1 to 65535.")
    return int(text)


def demo() -> str | None:
    """The demo to load, or None for an empty programme. Raises LaunchError for one that there is not."""
    wanted = os.environ.get("LOYALTY_DEMO", DEFAULT_DEMO)
    if wanted in {"", "0"}:
        return None
    if wanted not in DEMOS:
        raise LaunchError(f"LOYALTY_DEMO={wanted} is not a demo: choose one of {', '.join(DEMOS)}, or 0 for none.")
    return wanted


YES = {"1", "true", "yes", "on", "t", "y"}  # what the settings take for true


def refuse_a_sandbox_in_production() -> None:
    """A clock that can be set has no place where points are money. Raises LaunchError, before anything starts."""
    said = {name: os.environ.get(name, "").strip().lower() for name in ("LOYALTY_SANDBOX", "LOYALTY_HTTPS")}
    production = os.environ.get("LOYALTY_PRODUCTION", said["LOYALTY_HTTPS"]).strip().lower()
    if said["LOYALTY_SANDBOX"] in YES and production in YES:
        raise LaunchError(
            "LOYALTY_SANDBOX has a test clock, so production refuses it: take it away, "
            "or for trials behind TLS set LOYALTY_PRODUCTION=0."
        )


def for_django(home: Home, postgres: Postgres | None, valkey: Valkey | None, web_port: int) -> dict[str, str]:
    """The whole environment of a Django process; without our own servers, with those of our environment."""
    env = dict(os.environ)
    env |= {
        "DJANGO_SETTINGS_MODULE": "loyalty.settings",
        "LOYALTY_HOME": str(home.path),
        "LOYALTY_SECRET_KEY": os.environ.get("LOYALTY_SECRET_KEY") or home.secret_key,
        "LOYALTY_PORT": str(web_port),
        "LOYALTY_DEMO": demo() or "0",
        "PYTHONUNBUFFERED": "1",
    }
    if postgres is not None:
        env["DATABASE_URL"] = postgres.url("loyalty_app")
        env["DATABASE_OWNER_URL"] = postgres.url("loyalty_owner")
        env["LOYALTY_PG_BIN"] = str(postgres.binaries)
    else:
        env.setdefault("DATABASE_OWNER_URL", env["DATABASE_URL"])
    if valkey is not None:
        env["BROKER_URL"] = valkey.broker_url
        env["CACHE_URL"] = valkey.cache_url
    return env


def as_owner(env: Mapping[str, str]) -> dict[str, str]:
    """The same, with the rights to change the schema."""
    return {**env, "DATABASE_URL": env["DATABASE_OWNER_URL"]}


SHARED = ("DATABASE_URL", "DATABASE_OWNER_URL", "BROKER_URL", "CACHE_URL", "LOYALTY_PG_BIN", "LOYALTY_PORT")


def shared(env: Mapping[str, str]) -> dict[str, str]:
    """The part that leads `./run manage` to what a launcher runs; the secret key stays in its own file."""
    return {name: env[name] for name in (*SHARED, "LOYALTY_DEMO", "LOYALTY_SANDBOX") if name in env}


def data_places(postgres: Postgres | None, home: Home) -> list[Path]:
    """Directories whose disk may become full."""
    return [home.path] if postgres is None else [home.path, postgres.state]
