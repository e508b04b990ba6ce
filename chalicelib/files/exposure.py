"""When a file comes to be seen by everyone, and when it ceases to: what is then to be done about its content.

Pure: the step follows from the file before and after a change, whoever changed it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from chalicelib.files.access import is_shown_to_others
from chalicelib.files.models import File, Visibility
from chalicelib.files.rules import SERVABLE


class Step(StrEnum):
    """What is to be done."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Exposure:
    """A step of one file's content; `reference` is its name in the agenda."""

    step: Step
    owner_id: str
    sha256: str
    file_id: str
    version: int

    @property
    def reference(self) -> str:
        """Return its name: a version of a file has one step."""
        return f"{self.step.value}#{self.owner_id}#{self.sha256}#{self.file_id}#{self.version}"

    @classmethod
    def of(cls, reference: str) -> Self:
        """Read what `reference` wrote."""
        step, owner_id, sha256, file_id, version = reference.split("#")
        return cls(Step(step), owner_id, sha256, file_id, int(version))


def is_exposed(file: File) -> bool:
    """Tell whether everyone may have a file's bytes now."""
    return file.visibility is Visibility.PUBLIC and is_shown_to_others(file) and file.status in SERVABLE


def exposure(before: File | None, after: File | None) -> Exposure | None:
    """Return the step that a change asks for, if any; None stands for a file that is not there."""
    was, now = before is not None and is_exposed(before), after is not None and is_exposed(after)
    file = after or before
    if file is None or (not was and not now):
        return None
    if not was:
        return _step(Step.PUBLISH, file)
    if not now or (before is not None and after is not None and _replaced(before, after)):
        return _step(Step.WITHDRAW, file)
    return None


def _replaced(before: File, after: File) -> bool:
    """Tell whether something that was shown, such as a thumbnail or metadata, has gone or is another now."""
    kept = {rendition.key for rendition in after.renditions.values()}
    stripped = after.strip_metadata and not before.strip_metadata
    return stripped or any(rendition.key not in kept for rendition in before.renditions.values())


def _step(step: Step, file: File) -> Exposure:
    return Exposure(step, file.owner_id, file.sha256, file.id, file.version)
