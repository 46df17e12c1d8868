"""The first `./run` on a bare machine: it installs, or says in one sentence what is missing."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from loyalty.runtime import install
from tests.faults.launching import ROOT, Launcher, copy_checkout

NOWHERE = {  # a registry that nobody serves, and none of this machine's settings
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
    "PIP_NO_CACHE_DIR": "1",
    "UV_INDEX_URL": "http://127.0.0.1:9/simple",
    "UV_NO_CACHE": "1",
    "UV_HTTP_RETRIES": "0",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("bare"))


@pytest.fixture
def bare(checkout: Path, tmp_path: Path) -> Launcher:
    """A machine with nothing installed."""
    launcher = Launcher(checkout, tmp_path / "home")
    del launcher.environment["LOYALTY_VENV"]
    launcher.python = sys._base_executable  # type: ignore[attr-defined]
    return launcher


def hide_module(name: str, place: Path) -> dict[str, str]:
    """An environment in which Python does not find the module, as where Debian has split it off."""
    place.mkdir(exist_ok=True)
    (place / "sitecustomize.py").write_text(
        "import importlib.machinery, sys\n"
        "class Hidden(importlib.machinery.PathFinder):\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        f"        return None if name == {name!r} else super().find_spec(name, path, target)\n"
        "sys.meta_path[:] = [Hidden if f is importlib.machinery.PathFinder else f for f in sys.meta_path]\n"
    )
    return {"PYTHONPATH": str(place)}


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_venv_module_is_said(bare: Launcher, module: str, tmp_path: Path) -> None:
    bare.environment |= hide_module(module, tmp_path / "hidden") | {"PATH": "/nonexistent"}
    sentence = bare.refusal()
    assert "apt install python3-venv" in sentence
    assert "./run again" in sentence


@pytest.mark.parametrize("tool", ["pip", pytest.param("uv", marks=pytest.mark.more)])
def test_an_unreachable_registry_is_said(bare: Launcher, tool: str) -> None:
    uv = Path(sys.prefix) / "bin" / "uv"
    if tool == "uv" and not uv.exists():
        pytest.skip("uv is not here")
    bare.environment |= NOWHERE | {"PATH": f"{uv.parent}:/usr/bin:/bin" if tool == "uv" else "/usr/bin:/bin"}
    assert "The package registry cannot be reached" in bare.refusal()


def test_an_older_python_can_read_the_script_and_is_told_what_is_needed(bare: Launcher) -> None:
    ast.parse((ROOT / "run").read_text(), feature_version=(3, 6))
    for python in older_pythons():
        bare.environment["PATH"] = "/nonexistent"
        done = subprocess.run([python, bare.checkout / "run"], env=bare.environment, capture_output=True, text=True)
        assert done.returncode != 0
        assert "Python 3.11 or newer is needed" in done.stderr
        assert "Traceback" not in done.stderr


def older_pythons() -> list[str]:
    names = [f"python3.{minor}" for minor in range(6, 11)]
    places = [str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin")]
    found = [shutil.which(name, path=":".join([os.environ["PATH"], *places])) for name in names]
    return [path for path in found if path and works(path)]


def works(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True).returncode == 0


def test_a_read_only_checkout_without_a_place_for_state_is_said(bare: Launcher, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    bare.environment |= {"LOYALTY_HOME": str(blocked / "home"), "LOYALTY_VENV": sys.prefix}
    assert f"{blocked / 'home'} cannot be written" in bare.refusal()


# ---- without a registry: the steps of an installation, each recorded in place of being run ----------


class Recorded(install.Venv):
    """Writes down what it would run, and leaves behind what that would make."""

    commands: list[str]

    def _try(self, command) -> bool:
        self.__dict__.setdefault("commands", []).append(" ".join(command))
        self.python.parent.mkdir(exist_ok=True)
        self.python.touch()
        return True


def test_two_runs_at_once_install_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = []

    def slowly(self: install.Venv, *, dev: bool) -> None:
        installed.append(threading.get_ident())
        time.sleep(0.3)
        self.python.parent.mkdir()
        self.python.touch()
        self.stamp(dev=dev).write_text(install.fingerprint(install.requirements(dev=dev)))

    monkeypatch.delenv("LOYALTY_VENV", raising=False)
    monkeypatch.setattr(install, "venv_path", lambda: tmp_path / "venv")
    monkeypatch.setattr(install.Venv, "install", slowly)
    runs = [threading.Thread(target=install.prepare, kwargs={"dev": False}) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(installed) == 1


def test_an_installation_that_was_cut_short_begins_again_from_nothing(tmp_path: Path) -> None:
    venv = Recorded(tmp_path)
    venv.python.parent.mkdir()
    venv.python.touch()
    venv.busy.touch()
    (tmp_path / "half-installed").touch()
    assert not venv.holds(dev=False)
    venv.install(dev=False)
    assert venv.holds(dev=False)
    assert not (tmp_path / "half-installed").exists()


def test_packages_are_installed_by_their_hashes_and_those_for_tests_only_when_needed(tmp_path: Path) -> None:
    venv = Recorded(tmp_path)
    venv.install(dev=False)
    assert "--require-hashes" in venv.commands[-1]
    assert "requirements-dev.txt" not in venv.commands[-1]
    assert not venv.holds(dev=True)
    venv.install(dev=True)
    assert "requirements-dev.txt" in venv.commands[-1]
    assert venv.holds(dev=True)
    assert venv.holds(dev=False)
