"""Inside the virtual environment: `python -m loyalty.runtime COMMAND …`, called by `./run`."""

import sys

from loyalty.runtime import install, terminal, up
from loyalty.runtime.failures import CannotRun, kindly


def main() -> int:
    command, *arguments = sys.argv[1:] or ["up"]
    try:
        if command == "up":
            up.main()
        return 0
    except CannotRun as reason:
        terminal.complain(str(reason))
        return 1
    except OSError as error:
        terminal.complain(str(kindly(error, install.home_path())))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
