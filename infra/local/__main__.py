"""Starts everything: `python -m infra.local`. Status 0 when told to stop, else 1 and a line that says why."""

import os
import signal
import sys
from typing import NoReturn

from infra.local import credentials
from infra.local.runner import Runner
from infra.local.settings import Refused, only_run, read_settings
from infra.local.supervisor import ChildKeepsDying

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _leave(*_: object) -> NoReturn:
    raise SystemExit(0)


def main() -> None:
    """Run everything until Ctrl-C, SIGTERM or the terminal's end; a second Ctrl-C kills at once."""
    for number in _STOPS:
        signal.signal(number, _leave)
    inherited = dict(os.environ)
    settings = read_settings(inherited)
    credentials.forget_own()
    with only_run(settings.folder) as lock:
        runner = Runner(settings, sys.stdout, inherited, lock)
        try:
            runner.run()
        finally:
            for number in _STOPS:
                signal.signal(number, lambda *_: runner.kill())
            runner.stop()


if __name__ == "__main__":
    try:
        main()
    except (Refused, ChildKeepsDying) as end:
        sys.exit(str(end))
