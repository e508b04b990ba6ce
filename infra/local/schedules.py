"""One machine's EventBridge: `python -m infra.local.schedules` runs the app's scheduled handlers when due.

Rates only: `rate(5 minutes)`; a cron expression is refused at start. When each last ran is kept in a file, so
a daily task also runs on a machine that is switched off every night: at the first start after it fell due.
Runs that were missed meanwhile count as one.
"""

import argparse
import importlib
import json
import logging
import os
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from infra.local.event_sources import Schedule, schedules
from infra.local.lambda_context import ACCOUNT_ID, LambdaContext

_log = logging.getLogger("schedules")
_UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86_400.0}
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_FUNCTION_SECONDS = 900.0  # Lambda's longest; only what the context tells the handler


def period_of(expression: str) -> float:
    """Return the seconds of a rate expression. Raises ValueError for anything else."""
    parsed = _RATE.fullmatch(expression.strip())
    if parsed is None or int(parsed[1]) == 0:
        raise ValueError(f"{expression} cannot run on one machine: only rate(N minutes|hours|days) can.")
    return int(parsed[1]) * _UNITS[parsed[2]]


class Diary:
    """When each schedule last ran, in seconds since 1970, in a small file that is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}

    def last_run(self, name: str) -> float | None:
        """Return the time of the last run, or None."""
        return self._runs.get(name)

    def note(self, name: str, moment: float) -> None:
        """Write down a run (or, for a new schedule, when it was first seen)."""
        self._runs[name] = moment
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(self._runs))
        draft.replace(self._path)


class Ticker:
    """Runs schedules one at a time; `tick` does what is due and says how long nothing will be."""

    def __init__(
        self, due: list[Schedule], diary: Diary, region: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._periods = [(schedule, period_of(schedule.expression)) for schedule in due]
        self._diary = diary
        self._region = region
        self._clock = clock

    def tick(self) -> float:
        """Run what is due and return the seconds until the next is (at most one hour)."""
        waits = [3600.0]
        for schedule, period in self._periods:
            last = self._diary.last_run(schedule.function_name)
            if last is None or last > self._clock():  # new, or the machine's clock went back
                self._diary.note(schedule.function_name, self._clock())
            elif self._clock() >= last + period:
                self._diary.note(schedule.function_name, self._clock())
                self._run(schedule)
            last = self._diary.last_run(schedule.function_name) or 0.0
            waits.append(max(0.0, last + period - self._clock()))
        return min(waits)

    def _run(self, schedule: Schedule) -> None:
        context = LambdaContext(schedule.function_name, self._region, _FUNCTION_SECONDS)
        try:
            schedule.handler(self._event(schedule), context)
        except Exception:  # noqa: BLE001 - one schedule's fault must not stop the others; it is logged whole
            _log.exception("%s raised; it runs again when next due.", schedule.function_name)

    def _event(self, schedule: Schedule) -> dict[str, object]:
        rule = f"arn:aws:events:{self._region}:{ACCOUNT_ID}:rule/{schedule.function_name}"
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": ACCOUNT_ID,
            "time": datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [rule],
            "detail": {},
        }


def main(arguments: list[str]) -> None:
    """Run the app's schedules until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.schedules", description="Run the schedules.")
    parser.add_argument("--app", default="app", help="module that exports `app`")
    parser.add_argument("--diary", type=Path, default=Path(".data/schedules.json"))
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(message)s")
    logging.getLogger("schedules").setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    found = schedules(importlib.import_module(options.app).app)
    try:
        ticker = Ticker(found, Diary(options.diary), os.environ["AWS_REGION"])
    except ValueError as fault:
        sys.exit(str(fault))
    _log.info(
        "Running %s.", ", ".join(f"{s.function_name} at {s.expression}" for s in found) or "no schedules"
    )
    while not stop.wait(ticker.tick()):
        continue


if __name__ == "__main__":
    main(sys.argv[1:])
