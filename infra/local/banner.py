"""Says that the library runs, where, and (once) how its first admin signs in."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from infra.local.embedded import status_of
from infra.local.settings import Settings

_ROOT = Path(__file__).parents[2]
_ADMIN_SECONDS = 60.0
_OK = 200
_REASON_LINES = 5


class Banner:
    """Shown when the API answers; the login exactly once, here or when the run ends before."""

    def __init__(
        self,
        settings: Settings,
        terminal: TextIO,
        silent_seconds: float = 60.0,
        unhealthy_seconds: float = 15.0,
    ) -> None:
        """Wait so long for an API that answers nothing, or answers but with no 200, before it is announced as that."""
        self._settings = settings
        self._terminal = terminal
        self._silent_seconds = silent_seconds
        self._unhealthy_seconds = unhealthy_seconds
        self._login: str | None = None
        self._lock = threading.Lock()

    def show(self, as_root: Mapping[str, str]) -> None:
        """Make the first admin, wait for the API, and print; blocks, so call it in a thread."""
        trouble = self._ensure_admin(as_root)
        trouble += self._await_health()
        lines = ["", "Mediatheque is running. Ctrl-C stops it.", *self._addresses(), *trouble]
        self._print("\n".join(lines))
        self.show_login()

    def show_login(self) -> None:
        """Print the first admin's login unless it was printed; it is kept nowhere."""
        with self._lock:
            login, self._login = self._login, None
        if login:
            self._print(f"  First admin     {login}   (shown only now)\n")

    def _addresses(self) -> list[str]:
        settings = self._settings
        lines = [
            f"  API             {settings.api_url}",
            f"  Documentation   {settings.api_url}/docs",
            f"  AWS             {settings.aws_url}",
        ]
        if settings.endpoint is None:
            lines.append(f"  Sent mail       {settings.aws_url}/_ministack/ses/messages")
            lines.append(
                f"                  (sign in with the two keys in {settings.folder}/aws/credentials)"
            )
        return [*lines, f"  Logs            {settings.folder}/logs/"]

    def _ensure_admin(self, as_root: Mapping[str, str]) -> list[str]:
        command = [sys.executable, "-m", "infra.admin", "ensure", "--email", self._settings.admin_email]
        try:
            ended = subprocess.run(  # noqa: S603 - this interpreter, a module of this repository
                command,
                cwd=_ROOT,
                env=dict(as_root),
                capture_output=True,
                text=True,
                timeout=_ADMIN_SECONDS,
                check=True,
                start_new_session=True,  # Ctrl-C must not cut it between making and telling
            )
            self._keep_login(json.loads(ended.stdout))
        except subprocess.CalledProcessError as fault:
            reason = [f"    {line}" for line in fault.stderr.splitlines()[-_REASON_LINES:]]
            return ["  The first admin could not be made:", *reason]
        except (subprocess.TimeoutExpired, ValueError, KeyError) as fault:
            return [f"  The first admin could not be made: {fault}"]
        return []

    def _keep_login(self, made: dict[str, str]) -> None:
        if made["created"]:
            with self._lock:
                self._login = f"{made['email']}   password: {made['password']}"

    def _await_health(self) -> list[str]:
        url = f"{self._settings.api_url}/health"
        deadline, answered = time.monotonic() + self._silent_seconds, False
        while (status := status_of(url)) != _OK:
            if status is not None and not answered:
                deadline, answered = time.monotonic() + self._unhealthy_seconds, True
            if time.monotonic() > deadline:
                return [f"  Not all is well: {url} answers {status or 'nothing yet'}."]
            time.sleep(0.5 if answered else 0.1)
        return []

    def _print(self, text: str) -> None:
        print(text, file=self._terminal, flush=True)
