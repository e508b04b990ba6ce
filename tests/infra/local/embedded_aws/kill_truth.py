"""What was acknowledged to the writers of a kill test, and what may therefore be found after the kill."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

Name = tuple[str, str]  # kind, name


class Truth:
    """Allowed values per thing: one after a reply, the old and the new one while a write has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._allowed: dict[Name, set[Hashable]] = {}
        self.acknowledged: Counter[str] = Counter()
        self.wrong: list[str] = []

    def write(self, kind: str, name: str, value: Hashable, call: Callable[[], Any]) -> None:
        """Run a write; before the reply both outcomes are allowed, after it only the new one."""
        with self._lock:
            self._allowed.setdefault((kind, name), {None}).add(value)
        call()
        with self._lock:
            self._allowed[kind, name] = {value}
            self.acknowledged[kind] += 1

    def names(self, kind: str) -> list[str]:
        with self._lock:
            return [name for known, name in self._allowed if known == kind]

    def found(self, kind: str, name: str, value: Hashable) -> None:
        """Compare with what is there after a restart; from now on that is the truth."""
        with self._lock:
            if value not in self._allowed[kind, name]:
                self.wrong.append(f"{kind} {name} is {value!r}, allowed were {self._allowed[kind, name]!r}")
            self._allowed[kind, name] = {value}

    def require(self, condition: object, what: str) -> None:
        if not condition:
            with self._lock:
                self.wrong.append(what)

    def total(self) -> int:
        return sum(self.acknowledged.values())
