"""Extraction: reads what it needs of some content, and records what it found."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.aws.bucket import Bucket
from chalicelib.aws.table import Write
from chalicelib.blobs.models import Blob
from chalicelib.extraction.errors import MediaToolsMissing
from chalicelib.extraction.examine import EXTRACTOR_VERSION, examine
from chalicelib.extraction.models import Facts
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.store import FactsStore
from chalicelib.extraction.tools import MediaTools
from chalicelib.scanning.models import Scanner


@dataclass(frozen=True)
class Extraction:
    """Examines blobs. `find_tools` raises MediaToolsMissing where there is no ffprobe."""

    bucket: Bucket
    store: FactsStore
    find_tools: Callable[[], MediaTools]
    scanner: Scanner | None = None
    """Who looks for malware; without one nobody does."""

    def can_begin(self, blob: Blob) -> bool:
        """Tell whether the content can be judged now; if not, the scanner's event comes later."""
        return self.scanner is None or self.scanner.is_done(blob.key)

    def examine(self, blob: Blob, size: int) -> Facts:
        """Return what the content is, whatever it is; errors of the world (S3 is away) come through."""
        source = RangedSource(lambda first, last: self.bucket.read_range(blob.key, first, last), size)
        try:
            tools = self.find_tools()
        except MediaToolsMissing:
            tools = None
        return self._scanned(blob, size, examine(source, tools))

    def _scanned(self, blob: Blob, size: int, facts: Facts) -> Facts:
        """Return the facts, or, for what was not rejected before, that malware was found."""
        if self.scanner is None or facts.outcome == "rejected":
            return facts
        finding = self.scanner.finding(blob.key, size)
        if finding is None:
            return facts
        refused = {"outcome": "rejected", "code": finding.code, "message": finding.message, "metadata": None}
        return facts.model_copy(update=refused)

    def record(self, blob: Blob, facts: Facts) -> Write:
        """Return the write that keeps the facts under the extractor's version."""
        return self.store.put(blob.owner_id, blob.sha256, EXTRACTOR_VERSION, facts)
