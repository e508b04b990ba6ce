"""What the facts about some content mean for a file with its own name."""

from typing import Any

from chalicelib.extraction.models import Facts
from chalicelib.extraction.verdict import Accepted, verdict
from chalicelib.extraction.vocabulary import common
from chalicelib.files.models import Problem, Status


def conclusion(extension: str, facts: Facts, *, again: bool = False) -> dict[str, Any]:
    """Return the fields that a file takes on once its content has been examined.

    What was accepted once and is examined `again` is never rejected, which would remove it: it fails.
    """
    judged = verdict(extension, facts)
    if isinstance(judged, Accepted):
        return {
            "status": Status.READY,
            "type": judged.kind,
            "mime_type": judged.mime_type,
            "metadata": _shown(facts),
            "error": None,
        }
    status = Status.FAILED if again else Status(judged.status)
    return {"status": status, "error": Problem(judged.code, judged.message)}


def _shown(facts: Facts) -> dict[str, Any]:
    """Return the fields of the content's kind, and what of them every kind may have under `common`."""
    if facts.metadata is None:
        return {}
    told = facts.common or common(facts.metadata)  # facts of an older extractor hold no vocabulary
    return {
        **facts.metadata.model_dump(mode="json", exclude_none=True),
        "common": told.model_dump(mode="json", exclude_none=True, exclude_defaults=True),
    }
