"""A whole library of its own for a test: a data folder, and `make run`'s own processes on it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from infra.local.embedded_aws.root_identity import root_credentials
from tests.doors import Door

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds, asking ten times a second."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS:.0f} s: {what}"
        pause.wait(0.1)


@dataclass
class Machine:
    """A data folder with what runs on it."""

    folder: Path
    port: int = field(default_factory=free_port)
    aws_port: int = field(default_factory=free_port)
    run: subprocess.Popen[bytes] | None = None

    def start(self) -> Door:
        with (self.folder.parent / "output").open("ab") as output:
            command = [sys.executable, "-m", "infra.local"]
            self.run = subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdout=output, stderr=output
            )
        door = Door(f"http://127.0.0.1:{self.port}")
        eventually(lambda: self._is_well(door), "the library answers")
        return door

    @property
    def door(self) -> Door:
        """Return the API, to someone without a token; start what does not run."""
        if self.run is None or self.run.poll() is not None:
            return self.start()
        return Door(f"http://127.0.0.1:{self.port}")

    def inbox(self) -> list[dict[str, Any]]:
        """Return what was mailed, as the banner says where to read it."""
        key = root_credentials(self.folder / "embedded-aws").basic_authorization()
        address = f"http://127.0.0.1:{self.aws_port}/_ministack/ses/messages"
        by_account = requests.get(address, headers={"Authorization": key}, timeout=30).json()["messages"]
        return [mail for mails in by_account.values() for mail in mails]

    def command(self, *words: str) -> list[Any]:
        """Run a command of the library as its operator would, and return what it prints."""
        line = [sys.executable, "-m", "infra.local.command", *words]
        done = subprocess.run(
            line, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert not done.stderr, done.stderr
        return [json.loads(one) for one in done.stdout.splitlines()]

    def stop(self, number: signal.Signals) -> None:
        if self.run is not None:
            self.run.send_signal(number)
            self.run.wait(30)

    @property
    def _environment(self) -> dict[str, str]:
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MEDIATHEQUE_"))
        }
        settings = {"DATA_DIR": str(self.folder), "PORT": str(self.port), "AWS_PORT": str(self.aws_port)}
        return {**own, **settings}

    @staticmethod
    def _is_well(door: Door) -> bool:
        try:
            return door("GET", "/health").status_code == 200
        except requests.ConnectionError:
            return False
