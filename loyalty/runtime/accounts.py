"""PostgreSQL refuses to run as root: whom it runs as then, and where that account may go."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from loyalty.runtime.failures import LaunchError
from loyalty.runtime.processes import as_account


def postgres_account() -> pwd.struct_passwd | None:
    """None where we are a normal user: then PostgreSQL runs as that one. Raises LaunchError."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LaunchError("PostgreSQL will not run as root and there is no other account: start ./run as a normal user.")


def may_enter(account: pwd.struct_passwd | None, place: Path) -> bool:
    test = shutil.which("test") or "/usr/bin/test"
    return succeeds([test, "-x", str(place)], account)


def may_run(account: pwd.struct_passwd | None, program: Path) -> bool:
    return succeeds([str(program), "--version"], account)


def succeeds(command: list[str], account: pwd.struct_passwd | None) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, cwd="/", check=False, **as_account(account))
    except PermissionError:
        return False
    return bool(done.returncode == 0)


def hand_over(place: Path, account: pwd.struct_passwd | None) -> None:
    """Make the account the owner; nothing to do where it is ours."""
    if account is not None:
        os.chown(place, account.pw_uid, account.pw_gid)
