"""What extraction found, in the table `metadata`: pk `blob#<owner>#<sha256>`, sk `v<extractor version>`."""

from dataclasses import dataclass

from chalicelib.aws.table import Put, Write
from chalicelib.core.clock import Clock, to_text
from chalicelib.extraction.models import Facts

VERSION_DIGITS = 6


@dataclass(frozen=True)
class FactsStore:
    """Describes the records of examinations."""

    table: str
    clock: Clock

    def put(self, owner_id: str, sha256: str, version: int, facts: Facts) -> Write:
        """Describe the outcome of one examination by one version of the extractor."""
        return Put(
            self.table,
            {
                "pk": f"blob#{owner_id}#{sha256}",
                "sk": f"v{version:0{VERSION_DIGITS}}",
                "facts": facts.model_dump_json(),
                "at": to_text(self.clock()),
                "bytes_read": facts.bytes_read,
                "requests": facts.requests,
                "milliseconds": round(facts.seconds * 1000),
            },
        )
