"""Keeps child processes running, or ends them all: never a silent half.

Every child's output goes to the terminal behind its name, and to a file. A child that ends is started again after a
pause that doubles; one that ends too often soon after its start ends the whole. Children run in sessions of their
own, so Ctrl-C reaches the supervisor only, which stops them in order.
"""

import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from infra.local.child import PIPE_VARIABLE

_ROOT = Path(__file__).parents[2]
_LOG_BYTES = 5_000_000
_LOG_FILES = 3
_LAST_WORDS_SECONDS = 2.0
_STOPPED = ("stopped", "")


@dataclass(frozen=True)
class Service:
    """A module to run. Services of a lower `stage` are stopped after those of a higher one."""

    name: str
    module: str
    environment: Mapping[str, str]
    arguments: tuple[str, ...] = ()
    stage: int = 1


@dataclass(frozen=True)
class Patience:
    """How deaths are judged, in seconds: quick ones in a row, up to `deaths`, and pauses between starts."""

    quick: float = 10.0
    deaths: int = 5
    first_pause: float = 0.5
    longest_pause: float = 8.0
    grace: float = 8.0


class ChildKeepsDying(Exception):
    """A child ended too often soon after its start; the message says which and where to read why."""


class _Child:
    """A service and its present process; `ended` is called from another thread whenever that ends."""

    def __init__(
        self, service: Service, log: logging.Logger, kept: Sequence[int], ended: Callable[[str], None]
    ) -> None:
        self.service = service
        self.log = log
        self.quick_deaths = 0
        self.renewed = False
        self._kept = kept
        self._ended = ended
        self.spawn()

    def spawn(self) -> None:
        command = [sys.executable, "-m", "infra.local.child", self.service.module, *self.service.arguments]
        self.started = time.monotonic()
        self.renewed = False
        self.process = subprocess.Popen(  # noqa: S603 - this interpreter and a module named in this repository
            command,
            cwd=_ROOT,
            env={**self.service.environment, PIPE_VARIABLE: str(self._kept[0]), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=self._kept,
            start_new_session=True,
        )
        self._follower = threading.Thread(target=self._follow, args=(self.process,), daemon=True)
        self._follower.start()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is not None:
            with process.stdout as lines:
                for line in lines:
                    self.log.info("%s", line.decode("utf-8", "replace").rstrip())
        process.wait()
        self._ended(self.service.name)

    def wait(self, deadline: float) -> None:
        try:
            self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return

    def kill_session(self) -> None:
        """End what is left of the process and of those that it started itself."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # the session has ended; macOS says so by the second
            return
        self.process.wait()

    def close(self) -> None:
        """Take down its last words."""
        self._follower.join(_LAST_WORDS_SECONDS)
        for handler in self.log.handlers:
            handler.close()


class Supervisor:
    """Starts, restarts and stops services; every child keeps the descriptors `kept` open. Not for use after `stop`."""

    def __init__(
        self, logs: Path, terminal: TextIO, patience: Patience | None = None, kept: Sequence[int] = ()
    ) -> None:
        self._logs = logs
        self._terminal = terminal
        self._patience = patience or Patience()
        self._children: dict[str, _Child] = {}
        self._events: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._pipe, self._held_end = os.pipe()  # see infra.local.child
        self._kept = (self._pipe, *kept)

    def start(self, service: Service) -> None:
        """Start a service; it is kept running from the next `run` on."""
        log = _logger(service.name, self._logs, self._terminal)
        child = _Child(service, log, self._kept, lambda name: self._events.put(("ended", name)))
        self._children[service.name] = child

    def is_running(self, name: str) -> bool:
        """Say whether a service's process lives right now."""
        return self._children[name].process.poll() is None

    def renew(self, service: Service) -> None:
        """Run a service of this name in another way from now on; may be called from any thread."""
        child = self._children[service.name]
        child.service, child.renewed = service, True
        child.process.terminate()

    def run(self) -> None:
        """Restart what ends, until `stop`. Raises ChildKeepsDying when a service ends too often."""
        while (next_event := self._events.get()) != _STOPPED:
            event, name = next_event
            child = self._children[name]
            if event == "ended" and not child.renewed:
                self._judge(child)
            else:
                child.spawn()

    def stop(self) -> None:
        """Stop all children, higher stages first: SIGTERM, then after the grace SIGKILL to whole sessions."""
        self._events.put(_STOPPED)
        for stage in sorted({child.service.stage for child in self._children.values()}, reverse=True):
            group = [child for child in self._children.values() if child.service.stage == stage]
            for child in group:
                child.process.terminate()
            deadline = time.monotonic() + self._patience.grace
            for child in group:
                child.wait(deadline)
                child.kill_session()
                child.close()
        for end in (self._pipe, self._held_end):
            os.close(end)

    def kill(self) -> None:
        """End all children at once."""
        for child in self._children.values():
            child.kill_session()

    def _judge(self, child: _Child) -> None:
        child.kill_session()
        lived = time.monotonic() - child.started
        child.quick_deaths = child.quick_deaths + 1 if lived < self._patience.quick else 0
        if child.quick_deaths >= self._patience.deaths:
            path = self._logs / f"{child.service.name}.log"
            raise ChildKeepsDying(
                f"{child.service.name} ended {child.quick_deaths} times soon after its start: see {path}"
            )
        doubled = self._patience.first_pause * 2 ** max(0, child.quick_deaths - 1)
        pause = min(doubled, self._patience.longest_pause)
        child.log.warning("ended with %s; starting again in %.1f s", child.process.returncode, pause)
        timer = threading.Timer(pause, self._events.put, [("start", child.service.name)])
        timer.daemon = True
        timer.start()


def _logger(name: str, folder: Path, terminal: TextIO) -> logging.Logger:
    folder.mkdir(parents=True, exist_ok=True)
    to_file = RotatingFileHandler(folder / f"{name}.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES)
    to_file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    to_terminal = logging.StreamHandler(terminal)
    to_terminal.setFormatter(logging.Formatter(f"{name:<10} | %(message)s"))
    logger = logging.getLogger(f"supervised.{name}")
    logger.handlers = [to_file, to_terminal]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return logger
