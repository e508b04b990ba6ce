"""What people and scripts read: a line or a JSON object for each thing, errors on standard error."""

import json
import sys
import threading
from typing import Any

from mediatheque_client.api import Refused

UNITS, STEP = ("B", "KB", "MB", "GB", "TB"), 1000


class Output:
    """Prints; threads may share it."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._lock = threading.Lock()

    def say(self, thing: dict[str, Any], line: str) -> None:
        """Print one thing: the object for scripts, or the line for people."""
        self._print(json.dumps(thing) if self.as_json else line)

    def error(self, code: str, message: str, **more: Any) -> None:
        """Print what went wrong."""
        if self.as_json:
            self._print(json.dumps({"error": {"code": code, "message": message, **more}}))
        else:
            print(f"mediatheque: {message}", file=sys.stderr)

    def refused(self, refusal: Refused) -> None:
        """Print a refusal with what it says of single fields."""
        fields = refusal.problem.get("errors") or []
        details = "".join(f"\n  {one['field']}: {one['message']}" for one in fields)
        self.error(refusal.code, str(refusal) if self.as_json else f"{refusal}{details}")

    def _print(self, line: str) -> None:
        with self._lock:
            print(line, flush=True)


def human_size(size: float) -> str:
    """Write a number of bytes as people read it."""
    for unit in UNITS[:-1]:
        if size < STEP:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= STEP
    return f"{size:.1f} {UNITS[-1]}"
