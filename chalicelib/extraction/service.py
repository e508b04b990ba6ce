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


@dataclass(frozen=True)
class Extraction:
    """Examines blobs. `find_tools` raises MediaToolsMissing where there is no ffprobe."""

    bucket: Bucket
    store: FactsStore
    find_tools: Callable[[], MediaTools]

    def examine(self, blob: Blob, size: int) -> Facts:
        """Return what the content is, whatever it is; errors of the world (S3 is away) come through."""
        source = RangedSource(lambda first, last: self.bucket.read_range(blob.key, first, last), size)
        try:
            tools = self.find_tools()
        except MediaToolsMissing:
            tools = None
        return examine(source, tools)

    def record(self, blob: Blob, facts: Facts) -> Write:
        """Return the write that keeps the facts under the extractor's version."""
        return self.store.put(blob.owner_id, blob.sha256, EXTRACTOR_VERSION, facts)
