"""Run a command that owns the terminal while we keep servers up for it."""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

from loyalty.runtime.install import CHECKOUT
from loyalty.runtime.processes import ends_with_parent


def run_in_foreground(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Its exit code. Ctrl-C is the command's to answer, it has it from the terminal; SIGTERM is passed on."""
    child: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if child is not None:
            child.send_signal(number)

    before = {name: signal.signal(name, pass_on) for name in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)  # a handler, not SIG_IGN: exec resets it
    try:
        child = subprocess.Popen(command, env=dict(env), cwd=CHECKOUT, preexec_fn=ends_with_parent(signal.SIGTERM))
        code = child.wait()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    return 128 - code if code < 0 else code
