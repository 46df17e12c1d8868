"""`./run lock`: compile the hashed requirements from what the project names."""

import shutil
import subprocess
import sys
from importlib.util import find_spec

from loyalty.runtime import terminal
from loyalty.runtime.failures import LaunchError
from loyalty.runtime.install import CHECKOUT


def main() -> int:
    """Raises LaunchError. No index is written into the files: they hold wherever a mirror is used."""
    uv = [shutil.which("uv") or ""] if shutil.which("uv") else [sys.executable, "-m", "uv"]
    if not shutil.which("uv") and find_spec("uv") is None:
        raise LaunchError(
            "uv is needed to compile the requirements: install it (pip install uv), then start ./run lock again."
        )
    for name in ("requirements", "requirements-dev"):
        command = [
            *uv,
            "pip",
            "compile",
            "-q",
            "--generate-hashes",
            "--universal",
            "--no-header",
            "--no-emit-index-url",
        ]
        command += ["--python-version", "3.11", f"{name}.in", "-o", f"{name}.txt"]
        if subprocess.run(command, cwd=CHECKOUT, check=False).returncode != 0:
            raise LaunchError(f"{name}.in could not be compiled: uv says why above; {name}.txt is as it was.")
        terminal.say(f"{name}.txt is up to date")
    return 0
