"""compose.yaml and the Dockerfile cannot run here; these tests keep them in step with what they start."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
OURS = {"migrate", "web", "worker", "beat"}
POSTGRES_IMAGE = {"POSTGRES_PASSWORD", "OWNER_PASSWORD", "APP_PASSWORD"}  # read by the image and our script in it
READ_ELSEWHERE = {"DJANGO_SETTINGS_MODULE", "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
VARIABLE = re.compile(r"\$\{([A-Z_]+)")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return content


@pytest.fixture(scope="module")
def services(compose) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def instructions(dockerfile: list[str], name: str) -> Iterator[list[str]]:
    for line in dockerfile:
        word, _, rest = line.partition(" ")
        if word == name:
            yield shlex.split(rest)


def read_by_settings() -> set[str]:
    text = (ROOT / "loyalty/settings.py").read_text()
    return set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", text))


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_every_part_of_the_system_is_there(services):
    assert set(services) == {"postgres", "valkey", *OURS}
    assert services["postgres"]["image"] in {f"postgres:{version}" for version in range(15, 19)}


def test_every_variable_given_to_the_system_is_read_by_the_settings(services, dockerfile):
    known = read_by_settings()
    assert {"DATABASE_URL", "BROKER_URL", "LOYALTY_SECRET_KEY"} <= known
    for name in OURS:
        assert set(services[name]["environment"]) <= known, name
    for words in instructions(dockerfile, "ENV"):
        names = {word.partition("=")[0] for word in words if not word.startswith("PIP_")}
        assert names <= known | READ_ELSEWHERE
    assert set(services["postgres"]["environment"]) == POSTGRES_IMAGE


def test_the_example_asks_for_exactly_what_is_needed():
    text = (ROOT / "compose.yaml").read_text()
    assert set(VARIABLE.findall(text)) == set(example())
    required = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    optional = set(re.findall(r"\$\{([A-Z_]+):-", text))
    assert required | optional == set(example())
    assert not required & optional


def test_no_secret_is_written_down():
    secret = re.compile("PASSWORD|SECRET")
    assert [name for name, value in example().items() if secret.search(name) and value] == []


def test_the_serving_role_is_not_the_one_that_migrates(compose, services):
    urls = {name: services[name]["environment"]["DATABASE_URL"] for name in OURS}
    assert urls.pop("migrate").startswith("postgresql://loyalty_owner:")
    assert all(url.startswith("postgresql://loyalty_app:") for url in urls.values())
    script = compose["configs"]["roles"]["content"]
    for role in ("loyalty_owner", "loyalty_app"):
        assert f"CREATE ROLE {role} LOGIN PASSWORD" in script
    assert "CREATE DATABASE loyalty OWNER loyalty_owner" in script
    assert "SUPERUSER" not in script
    assert "loyalty_app" in (ROOT / "loyalty/migrations/0003_roles.py").read_text()


def test_nothing_serves_before_the_tables_are_there(services):
    for name in OURS - {"migrate"}:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert services["migrate"]["restart"] == "no"


def test_everything_that_stays_up_says_whether_it_is_well(services):
    assert [name for name in services if name != "migrate" and "healthcheck" not in services[name]] == []


def test_every_command_exists(services, dockerfile):
    commands = [services[name]["command"] for name in OURS] + [
        eval(line.removeprefix("CMD ")) for line in dockerfile if line.startswith("CMD ")
    ]
    for words in commands:
        match words:
            case ["python", "manage.py", command, *_]:
                assert command in get_commands()
            case ["granian", *_, target]:
                module, _, name = target.partition(":")
                assert callable(getattr(import_module(module), name))
            case ["celery", "-A", app, what, *_]:
                assert import_module(f"{app}.celery").app.main == app
                assert what in {"worker", "beat"}
            case _:
                raise AssertionError(words)
    assert find_spec("granian")
    assert find_spec("celery")


def test_the_demo_stays_out_of_production(services):
    for name in OURS:
        environment = services[name]["environment"]
        assert environment["LOYALTY_DEMO"] == "0"
        assert "LOYALTY_SANDBOX" not in environment
        assert environment["LOYALTY_HTTPS"] == "true"


def test_processes_run_as_nobody_in_particular_and_cannot_write_their_code(services, dockerfile):
    assert list(instructions(dockerfile, "USER")) == [["10001"]]
    for name in OURS:
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["volumes"] == ["home:/var/lib/loyalty"]
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]  # the proxy's way in, nobody else's


def test_the_image_is_built_of_files_that_are_there_and_are_not_ignored(dockerfile):
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    sources = [
        word for words in instructions(dockerfile, "COPY") if not words[0].startswith("--from") for word in words[:-1]
    ]
    assert {"loyalty", "members", "rewards", "manage.py", "requirements.txt"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in ignored, source


def test_images_are_named_by_version_and_fit_the_python_we_support(services, dockerfile):
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert lowest == ">=3.11"
    bases = [words[0] for words in instructions(dockerfile, "FROM")]
    assert bases == ["python:3.11-slim"] * 2
    for image in [*bases, services["postgres"]["image"], services["valkey"]["image"]]:
        assert re.fullmatch(r"[a-z/]+:[0-9][0-9.]*(-slim)?", image)


def test_requirements_are_installed_by_their_hashes(dockerfile):
    runs = [" ".join(words) for words in instructions(dockerfile, "RUN")]
    assert any("pip install --require-hashes -r requirements.txt" in run for run in runs)
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    assert len(pins) > 20
    assert all(line.rstrip().endswith("\\") for line in pins)
