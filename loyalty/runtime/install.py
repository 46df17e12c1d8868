"""Install the requirements into a virtual environment, once, and go on inside it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from loyalty.runtime.failures import LaunchError, disk_full, insist_on_space, kindly

CHECKOUT = Path(__file__).resolve().parents[2]
INSTALLED_BYTES = 1024 * 1024 * 1024  # the venv with the tools for tests is 600 MB, plus what pip unpacks on the way
LOCK = ".run-lock"  # not ".lock": that one is uv's, and uv would wait for us
DEV_COMMANDS = {"test", "bench", "lock"}
UNREACHABLE = (  # in the words of pip and of uv
    "failed to establish a new connection",
    "connection broken by",
    "connection refused",
    "(from versions: none)",
    "name resolution",
    "name or service not known",
    "network is unreachable",
    "timed out",
    "timeouterror",
    "certificate_verify_failed",
    "proxyerror",
    "could not fetch url",
    "error sending request",
    "dns error",
)

HELP = """\
./run                          install, start everything, load the demo; Ctrl-C stops it all
./run test [pytest arguments]  checks and tests on a throw-away database; --more, --full: longer forms;
                               --only-tests: without the checks
./run manage COMMAND …         a Django command, while the system runs or alone
./run bench NAME …             a benchmark on a throw-away database
./run lock                     compile requirements*.txt from requirements*.in (needs uv)
Environment: LOYALTY_HOME (state, default var/), LOYALTY_PORT (8000),
LOYALTY_DEMO (cdnow, coffee, outdoor, department; 0: empty), LOYALTY_SANDBOX=1 (test clock), DATABASE_URL, BROKER_URL (these servers in place of the built-in ones).
docs/operations.md says more."""


def home_path() -> Path:
    """Where the state lives: LOYALTY_HOME, or `var/` in the checkout."""
    return Path(os.environ.get("LOYALTY_HOME") or CHECKOUT / "var").absolute()


def venv_path() -> Path:
    """`.venv` in the checkout, or in LOYALTY_HOME where the checkout is read-only."""
    if chosen := os.environ.get("LOYALTY_VENV"):
        return Path(chosen).absolute()
    mine = CHECKOUT / ".venv"
    place = mine if mine.exists() else CHECKOUT
    return mine if os.access(place, os.W_OK) else home_path() / "venv"


def requirements(*, dev: bool) -> list[Path]:
    names = ["requirements.txt", "requirements-dev.txt"] if dev else ["requirements.txt"]
    return [CHECKOUT / name for name in names]


def fingerprint(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


@contextmanager
def only_one(venv: Path) -> Iterator[None]:
    """Two runs at once must not both install: the second waits, and then finds the work done."""
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another ./run is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    print(f"==> {line}", file=sys.stderr, flush=True)


class Venv:
    """A virtual environment and the record of what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.python = path / "bin" / "python"
        self.busy = path / ".installing"  # there while an installation runs, so also after one was cut short
        self.log = path / "install.log"

    def stamp(self, *, dev: bool) -> Path:
        return self.path / (".stamp-dev" if dev else ".stamp")

    def holds(self, *, dev: bool) -> bool:
        """Whether exactly these were installed to the end, under a Python that is still there."""
        stamp = self.stamp(dev=dev)
        return (
            self.python.exists()
            and not self.busy.exists()
            and stamp.exists()
            and stamp.read_text() == fingerprint(requirements(dev=dev))
        )

    def install(self, *, dev: bool) -> None:
        """Raises LaunchError. Safe to cut short at any point: the next run begins again."""
        insist_on_space(self.path, INSTALLED_BYTES)
        if self.busy.exists() or not self.python.exists():
            self.clear()
        self.busy.touch()
        say("installing the requirements (first run, or they have changed)")
        files = requirements(dev=dev)
        if not self._with_uv(files):
            self._with_pip(files)
        self.stamp(dev=dev).write_text(fingerprint(files))
        if dev:
            self.stamp(dev=False).write_text(fingerprint(requirements(dev=False)))
        self.busy.unlink()

    def clear(self) -> None:
        """Empty it but for the lock, which is held: a half-installed package may look complete to pip."""
        for item in self.path.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            elif item.name != LOCK:
                item.unlink()

    def _with_uv(self, files: Sequence[Path]) -> bool:
        """False without uv, or where it fails: it does not read pip's settings, and pip may yet succeed."""
        uv = shutil.which("uv")
        if uv is None:
            return False
        lists = [part for file in files for part in ("-r", str(file))]
        made = self._try([uv, "venv", "-q", "--allow-existing", "--python", sys.executable, str(self.path)])
        done = made and self._try(
            [uv, "pip", "install", "-q", "--require-hashes", "--python", str(self.python), *lists]
        )
        if not done:
            say("uv could not install them; trying pip")
            self.clear()
            self.busy.touch()
        return done

    def _with_pip(self, files: Sequence[Path]) -> None:
        if find_spec("venv") is None or find_spec("ensurepip") is None:
            raise LaunchError(
                "Python's venv module is missing: install it (Debian, Ubuntu: apt install python3-venv), "
                "or install uv, then start ./run again."
            )
        if not self.python.exists() and not self._try([sys.executable, "-m", "venv", str(self.path)]):
            raise self._explain("The virtual environment could not be made")
        lists = [part for file in files for part in ("-r", str(file))]
        pip = [str(self.python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-input"]
        if not self._try([*pip, "--no-compile", "--require-hashes", *lists]):
            raise self._explain("The requirements could not be installed")

    def _try(self, command: Sequence[str]) -> bool:
        """Run it with its output in install.log: a registry's trouble fills screens."""
        with self.log.open("ab") as log:
            return (
                subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode == 0
            )

    def _explain(self, what: str) -> LaunchError:
        text = self.log.read_text(errors="replace")[-20_000:]
        if "No space left" in text or "Disk quota" in text:
            return disk_full(self.path)
        if "THESE PACKAGES DO NOT MATCH THE HASHES" in text:
            return LaunchError(
                "A downloaded package is not the one that requirements.txt names, so nothing was installed: "
                f"check the package index that pip is set to use ({self.log} has the details)."
            )
        if any(sign in text.lower() for sign in UNREACHABLE):
            return LaunchError(
                "The package registry cannot be reached: check the network, the proxy and pip's settings, "
                f"then start ./run again ({self.log} has the details)."
            )
        last = next((line for line in reversed(text.splitlines()) if line.strip()), "no output")
        return LaunchError(
            f"{what} ({last.strip()}): {self.log} has the details; put that right, then start ./run again."
        )


def prepare(*, dev: bool) -> Venv:
    """The environment with everything in it. Raises LaunchError."""
    venv = Venv(venv_path())
    if os.environ.get("LOYALTY_VENV"):  # prepared by somebody else: a container image, or a test
        if not venv.python.exists():
            raise LaunchError(f"LOYALTY_VENV={venv.path} has no bin/python: make it, or leave LOYALTY_VENV out.")
        return venv
    if not venv.holds(dev=dev):
        with only_one(venv.path):
            if not venv.holds(dev=dev):
                venv.install(dev=dev)
    return venv


def main(arguments: Sequence[str]) -> None:
    """Install what this command needs, then become it."""
    command = arguments[0] if arguments else "up"
    if command in {"help", "-h", "--help"}:
        print(HELP)
        return
    if command not in {"up", "manage"} | DEV_COMMANDS:
        sys.exit(f"There is no ./run {command}: ./run help lists what there is.")
    try:
        venv = prepare(dev=command in DEV_COMMANDS)
    except LaunchError as reason:
        sys.exit(f"!! {reason}")
    except OSError as error:
        sys.exit(f"!! {kindly(error, venv_path())}")
    except KeyboardInterrupt:
        sys.exit("stopped while installing; the next ./run begins again")
    os.environ["PYTHONPATH"] = str(CHECKOUT)
    os.execv(venv.python, [str(venv.python), "-m", "loyalty.runtime", *(arguments or ["up"])])
