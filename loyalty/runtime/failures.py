"""What may go wrong on somebody else's machine, said in one sentence each."""

import errno
import os
import shutil
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NEEDED_BYTES = 128 * 1024 * 1024  # a fresh cluster with its first WAL segments, twice


class LaunchError(Exception):
    """Ends the launcher with its message: one sentence that says what to do."""


def disk_full(place: Path | str) -> LaunchError:
    return LaunchError(f"The disk that holds {place} is full: free some space there, then start ./run again.")


def not_writable(place: Path | str) -> LaunchError:
    return LaunchError(
        f"{place} cannot be written: make it writable, or choose another directory with LOYALTY_HOME=/path ./run"
    )


def kindly(error: OSError, place: Path | str) -> LaunchError:
    """The sentence for an error of the operating system that nothing nearer to it has explained."""
    where = error.filename or place
    if error.errno in FULL:
        return disk_full(where)
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return not_writable(where)
    return LaunchError(f"{os.strerror(error.errno or 0)} ({where}): put that right, then start ./run again.")


def free_bytes(place: Path) -> int:
    """Free space where `place` is or will be."""
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def insist_on_space(place: Path, needed: int = NEEDED_BYTES) -> None:
    """Refuse before anything is half written. Raises LaunchError."""
    free = free_bytes(place)
    if free < needed:
        raise LaunchError(
            f"The disk that holds {place} has {free >> 20} MB left and {needed >> 20} MB are needed: "
            "free some space there, or choose another directory with LOYALTY_HOME=/path ./run"
        )
