"""What a scan may find, and what a scanner promises."""

from dataclasses import dataclass
from typing import Protocol

from chalicelib.core.errors import Unavailable


@dataclass(frozen=True)
class Finding:
    """Why content may not be in the library: a stable code, and a sentence for its owner."""

    code: str
    message: str


class ScannerAway(Unavailable):
    """The scanner does not answer; nothing becomes ready until it does."""

    code = "scanner_away"


class Scanner(Protocol):
    """Whoever looks for malware."""

    def is_done(self, key: str) -> bool:
        """Tell whether an object can be judged now; if not, an event tells later."""

    def finding(self, key: str, size: int) -> Finding | None:
        """Judge an object of `size` bytes; None means clean. Raises ScannerAway."""


def malware_found(name: str) -> Finding:
    """Return the finding of malware that goes by a name."""
    return Finding("malware_found", f"The malware scan found {name[:100]} in this file.")
