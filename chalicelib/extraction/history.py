"""What is known of the content of a file, raw, and how it came to be known."""

from dataclasses import dataclass
from typing import Any

from chalicelib.extraction.attempts import Job
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.store import FactsStore
from chalicelib.files.models import File

MOST_JOBS = 50


@dataclass(frozen=True)
class RawFacts:
    """The facts as one version of the extractor found them."""

    extractor_version: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class History:
    """Tells of extraction; whoever asks has checked who may know."""

    facts: FactsStore
    jobs: Jobs

    def raw_facts(self, file: File) -> RawFacts | None:
        """Return what the newest extractor that saw the content found; one call."""
        found = self.facts.latest(file.owner_id, file.sha256)
        return RawFacts(*found) if found else None

    def attempts(self, file: File) -> list[Job]:
        """Return the latest 50 attempts on the content, newest first; one call."""
        return self.jobs.of(file.owner_id, file.sha256, MOST_JOBS)
