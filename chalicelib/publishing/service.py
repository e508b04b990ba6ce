"""Public content at the edge: when it went there, and when the edge was told to forget it.

An edge fetches content when it is first asked for, so nothing is copied when a file becomes public: the step looks that
the bytes are there, and is recorded in the history of the content. When a file is public no more, or something shown of
it is replaced, the distribution is told to forget its content. What is to be done stands in the agenda from the
change's own transaction on until it is done; the sweep sends for it, so a lost message or a dead worker delays it.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.signing import Edge
from chalicelib.aws.table import Write
from chalicelib.blobs.models import object_key, renditions_prefix
from chalicelib.core.clock import Clock, from_text, to_text
from chalicelib.core.ids import sequence
from chalicelib.core.job import Job as Message
from chalicelib.core.job import Kind
from chalicelib.extraction.attempts import Spent, Work
from chalicelib.extraction.jobs import Jobs
from chalicelib.files.exposure import Exposure, Step
from chalicelib.files.service import Files

if TYPE_CHECKING:
    from chalicelib.aws.agenda import Due

AT_ONCE = 40
"""Steps of one message, so that their two writes each are one transaction."""
NO_CDN = "no_cdn"
MISSING = "object_missing"


@dataclass(frozen=True)
class Publishing:
    """Takes the steps between a file's becoming public and its end, each as often as it is asked for."""

    files: Files
    history: Jobs
    bucket: Bucket
    edge: Edge | None
    """None: bytes come from S3 itself, and there is nothing to be forgotten."""
    queue: Queue
    clock: Clock

    def remind(self) -> int:
        """Send for all steps that wait, those of one owner together. Returns how many."""
        waiting: dict[str, list[Due]] = defaultdict(list)
        for due in self.files.exposures.due(self.clock()):
            waiting[Exposure.of(due.reference).owner_id].append(due)
        for steps in waiting.values():
            for at in range(0, len(steps), AT_ONCE):
                about = {due.reference: to_text(due.at) for due in steps[at : at + AT_ONCE]}
                self.queue.send(Message(Kind.PUBLISH, about).to_text())
        return sum(len(steps) for steps in waiting.values())

    def settle(self, about: dict[str, str]) -> bool:
        """Take the steps of one owner that a message names. False when the edge is busy: the sweep asks again."""
        steps = [Exposure.of(reference) for reference in sorted(about)]
        withdrawn = [step for step in steps if step.step is Step.WITHDRAW]
        if (
            withdrawn
            and self.edge is not None
            and not self.edge.invalidate(paths(withdrawn), _name(withdrawn))
        ):
            return False
        there = {file.id for file in self.files.get_many(list({step.file_id for step in steps}))}
        writes: list[Write] = []
        for step in steps:
            at = from_text(about[step.reference])
            writes.append(self.files.exposures.delete(at, step.reference))
            writes += [self._recorded(step, at)] if step.file_id in there else []
        self.files.tables.commit(writes)
        return True

    def _recorded(self, step: Exposure, at: datetime) -> Write:
        """Return the write that puts a step into the history of its content: under the same id however often."""
        work = Work.PUBLISH if step.step is Step.PUBLISH else Work.INVALIDATION
        with sequence(step.reference, at):
            job, _ = self.history.begun(step.owner_id, step.sha256, work, 1)
        return self.history.done(step.owner_id, step.sha256, job, self._code(step), Spent())

    def _code(self, step: Exposure) -> str | None:
        if self.edge is None:
            return NO_CDN
        if step.step is Step.PUBLISH and self.bucket.size(object_key(step.owner_id, step.sha256)) is None:
            return MISSING
        return None


def paths(steps: Sequence[Exposure]) -> list[str]:
    """Return what the edge is to forget: the content and its renditions under any name, or all of an owner's.

    One content is two wildcards. Of several, all of the owner's is forgotten: few wildcards may be in progress at once.
    """
    owners, contents = {step.owner_id for step in steps}, {step.sha256 for step in steps}
    if len(contents) > 1:
        return [
            path for owner in sorted(owners) for path in (f"/originals/{owner}/*", f"/renditions/{owner}/*")
        ]
    [owner], [sha256] = owners, contents
    return [f"/{object_key(owner, sha256)}*", f"/{renditions_prefix(owner, sha256)}*"]


def _name(steps: Iterable[Exposure]) -> str:
    return hashlib.sha256("\n".join(step.reference for step in steps).encode()).hexdigest()
