"""Runs a module as a child of the supervisor: `python -m infra.local.child MODULE [ARGUMENT ...]`.

A child must not outlive its supervisor, even one ended by `kill -9`. The supervisor holds the only write end
of a pipe whose read end every child inherits; end of file there means that the supervisor is gone. This works
alike on Linux and macOS and needs no polling.
"""

import os
import runpy
import signal
import sys
import threading
import time

PIPE_VARIABLE = "MEDIATHEQUE_SUPERVISOR_PIPE"
_GRACE_SECONDS = 5.0


def end_with_supervisor(pipe: int, grace_seconds: float = _GRACE_SECONDS) -> None:
    """Send this process SIGTERM when the pipe's other end closes, and end it by force after the grace."""
    os.set_inheritable(pipe, False)
    threading.Thread(target=_watch, args=(pipe, grace_seconds), daemon=True, name="supervisor-watch").start()


def _watch(pipe: int, grace_seconds: float) -> None:
    os.read(pipe, 1)  # nothing is ever written: this returns when the supervisor has ended
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (
        1,
        2,
    ):  # nobody reads them any more, and a print must not fail while this process ends in order
        os.dup2(nowhere, output)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(grace_seconds)
    os._exit(1)


def main() -> None:
    """Watch the supervisor, then become the module."""
    pipe = os.environ.pop(PIPE_VARIABLE, None)
    if pipe is not None:
        end_with_supervisor(int(pipe))
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
