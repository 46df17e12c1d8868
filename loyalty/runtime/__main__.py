"""Inside the virtual environment: `python -m loyalty.runtime COMMAND …`, called by `./run`."""

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from loyalty.runtime import bench, check, install, lock, manage, terminal, up
from loyalty.runtime.failures import LaunchError, kindly


def run(command: str, arguments: Sequence[str]) -> int:
    match command:
        case "up":
            return up.main()
        case "manage":
            return manage.main(arguments)
        case "test":
            return check.main(arguments)
        case "bench":
            return bench.main(arguments)
        case "lock":
            return lock.main()
    raise LaunchError(f"There is no ./run {command}: ./run help lists what there is.")


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM unwinds like Ctrl-C, so that every `with` stops what it started."""
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, interrupt)
    command, *arguments = sys.argv[1:] or ["up"]
    try:
        return run(command, arguments)
    except LaunchError as reason:
        terminal.complain(str(reason))
        return 1
    except OSError as error:
        terminal.complain(str(kindly(error, install.home_path())))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
