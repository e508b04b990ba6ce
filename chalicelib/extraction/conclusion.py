"""What the facts about some content mean for a file with its own name."""

from typing import Any

from chalicelib.extraction.models import Facts
from chalicelib.extraction.verdict import Accepted, verdict
from chalicelib.files.models import Problem, Status


def conclusion(extension: str, facts: Facts, *, again: bool = False) -> dict[str, Any]:
    """Return the fields that a file takes on once its content has been examined.

    What was accepted once and is examined `again` is never rejected, which would remove it: it fails.
    """
    judged = verdict(extension, facts)
    if isinstance(judged, Accepted):
        metadata = facts.metadata.model_dump(mode="json", exclude_none=True) if facts.metadata else {}
        return {
            "status": Status.READY,
            "type": judged.kind,
            "mime_type": judged.mime_type,
            "metadata": metadata,
            "error": None,
        }
    status = Status.FAILED if again else Status(judged.status)
    return {"status": status, "error": Problem(judged.code, judged.message)}
