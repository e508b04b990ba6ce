import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.event_sources import Schedule
from infra.local.schedules import Diary, Ticker, period_of

DAY = 86_400.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Machine:
    """One start of the schedules; the diary's file is what remains between starts."""

    def __init__(self, folder: Path, clock: Clock, handler: Callable[[Any, Any], object]) -> None:
        due = [Schedule("sweep", "rate(1 day)", handler)]
        self.ticker = Ticker(due, Diary(folder / "schedules.json"), "eu-west-1", clock)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("rate(1 day)", DAY)],
)
def test_rates_are_periods(expression: str, seconds: float) -> None:
    assert period_of(expression) == seconds


@pytest.mark.parametrize("expression", ["cron(0 12 * * ? *)", "rate(0 minutes)", "rate(5 weeks)", "hourly"])
def test_what_is_no_rate_is_refused_by_name(expression: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        period_of(expression)


def test_a_schedule_runs_a_period_after_it_was_first_seen_and_then_once_per_period(tmp_path: Path) -> None:
    clock, events = Clock(), list[Any]()
    ticker = Machine(tmp_path, clock, lambda event, _: events.append(event)).ticker
    assert ticker.tick() == 3600
    clock.now += DAY - 60
    assert ticker.tick() == 60
    assert events == []
    clock.now += 60
    ticker.tick()
    ticker.tick()
    assert len(events) == 1
    assert (events[0]["source"], events[0]["detail-type"], events[0]["detail"]) == (
        "aws.events",
        "Scheduled Event",
        {},
    )
    assert events[0]["time"] == "2027-01-16T08:00:00Z"


def test_what_fell_due_while_the_machine_was_off_runs_once_at_the_next_start(tmp_path: Path) -> None:
    clock, events = Clock(), list[Any]()
    Machine(tmp_path, clock, lambda event, _: events.append(event)).ticker.tick()
    clock.now += 5 * DAY
    ticker = Machine(tmp_path, clock, lambda event, _: events.append(event)).ticker
    ticker.tick()
    ticker.tick()
    assert len(events) == 1


def test_a_schedule_that_raises_runs_again_when_next_due(tmp_path: Path) -> None:
    clock, calls = Clock(), list[int]()

    def fail(_event: object, _context: object) -> object:
        calls.append(1)
        raise OSError("the world")

    ticker = Machine(tmp_path, clock, fail).ticker
    for _ in range(3):
        ticker.tick()
        clock.now += DAY
    assert len(calls) == 2


def test_a_clock_set_back_does_not_stop_a_schedule(tmp_path: Path) -> None:
    clock, events = Clock(), list[Any]()
    ticker = Machine(tmp_path, clock, lambda event, _: events.append(event)).ticker
    ticker.tick()
    clock.now -= 400 * DAY
    ticker.tick()
    clock.now += DAY
    ticker.tick()
    assert len(events) == 1


def test_the_diary_is_replaced_whole(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "deep" / "schedules.json")
    diary.note("sweep", 5.0)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["schedules.json"]
    assert json.loads((tmp_path / "deep" / "schedules.json").read_text()) == {"sweep": 5.0}
