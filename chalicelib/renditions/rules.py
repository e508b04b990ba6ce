"""What is made of which content, under which names."""

from typing import Any

from chalicelib.blobs.models import Blob, Illustrations, Rendition, renditions_prefix
from chalicelib.extraction.filetypes import TYPES
from chalicelib.files.models import File, Status

WORKSHOP_VERSION = 2
"""Grows with every change that makes any rendition look different; what older versions made can be made again."""
EXTENSIONS = {"image/jpeg": "jpg", "image/webp": "webp", "application/json": "json"}
_NOT_DRAWN = {"svg"}  # it may carry script and address other hosts: drawing it is a browser's work
_OWN = "own-"


def can_be_illustrated(outcome: str, kind: str | None, sniffed: str) -> bool:
    """Tell whether content of a kind and type has renditions: pictures, PDF, video and sound that could be read."""
    if outcome != "read" or sniffed in _NOT_DRAWN:
        return False
    return kind in {"image", "video", "audio"} or sniffed == "pdf"


def is_due(blob: Blob, *, again: bool = False) -> bool:
    """Tell whether renditions of the blob are to be made; `again`, all that can be made are."""
    facts = blob.facts
    if facts is None or not can_be_illustrated(facts["outcome"], facts["kind"], facts["sniffed"]):
        return False
    return again or blob.illustrations is None or blob.illustrations.version < WORKSHOP_VERSION


def rendition_key(blob: Blob, name: str, mime_type: str) -> str:
    """Return where a rendition of the blob lies."""
    prefix = renditions_prefix(blob.owner_id, blob.sha256)
    return f"{prefix}{name}-v{WORKSHOP_VERSION}.{EXTENSIONS[mime_type]}"


def miniature_key(file: File, digest: str, mime_type: str | None) -> str:
    """Return where a miniature that someone chose for one file lies, or the picture it will be made of (no type).

    `digest` keeps an old one apart from a new one. Beside the content's renditions, it goes with them.
    """
    extension = EXTENSIONS[mime_type] if mime_type else "source"
    return f"{renditions_prefix(file.owner_id, file.sha256)}{_OWN}{file.id}-{digest}.{extension}"


def is_own(key: str) -> bool:
    """Tell whether an object is a miniature that someone chose, or its source."""
    return key.rpartition("/")[2].startswith(_OWN)


def is_picture(sniffed: str) -> bool:
    """Tell whether content of a type is drawn as a picture."""
    return TYPES[sniffed].reader == "images"


def own_thumbnail(file: File) -> Rendition | None:
    """Return the miniature that someone chose for the file."""
    thumbnail = file.renditions.get("thumbnail")
    return thumbnail if thumbnail and is_own(thumbnail.key) else None


def illustrated(file: File, illustrations: Illustrations) -> dict[str, Any]:
    """Return what changes in a file once its content is illustrated; a chosen miniature stays.

    Where renditions are missing, `renditions_problem` says why: the codes are in docs/renditions.md.
    """
    own = own_thumbnail(file)
    renditions = illustrations.renditions | ({"thumbnail": own} if own else {})
    told = {
        "placeholder": illustrations.placeholder,
        "perceptual_hash": illustrations.perceptual_hash,
        "renditions_problem": illustrations.problem,
    }
    found = {name: value for name, value in (file.metadata or {}).items() if name not in told}
    metadata = found | {name: value for name, value in told.items() if value}
    changes = {"renditions": renditions, "metadata": metadata}
    return {name: value for name, value in changes.items() if getattr(file, name) != value}


def shows(file: File) -> bool:
    """Tell whether a file shows its content's renditions: only once its type was verified."""
    return file.status is Status.READY
