"""Whether a file may carry the content it has: facts belong to the blob, the verdict to the file and its extension."""

from dataclasses import dataclass

from chalicelib.extraction.errors import Status
from chalicelib.extraction.filetypes import EXTENSIONS, TYPES, FileType, Kind
from chalicelib.extraction.models import Facts, MediaMetadata, TextMetadata

_TEXT_MIME_TYPES = {"txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "json": "application/json"}


@dataclass(frozen=True)
class Accepted:
    """The file is what its name says; `mime_type` is what it is served as."""

    kind: Kind
    mime_type: str


@dataclass(frozen=True)
class Refused:
    """The file ends as `status`, with a stable code and a sentence for its owner."""

    status: Status
    code: str
    message: str


def verdict(extension: str, facts: Facts) -> Accepted | Refused:
    """Judge a file by its extension (without dot, any case) and its content's facts."""
    extension = extension.lower()
    content = TYPES[facts.sniffed]
    if facts.outcome == "rejected" and facts.code:
        return Refused("rejected", facts.code, facts.message or "")
    if extension not in EXTENSIONS:
        return Refused(
            "rejected", "extension_not_allowed", f"Files named .{extension[:20]} are not accepted."
        )
    if facts.sniffed not in EXTENSIONS[extension]:
        said = f"The file's name ends in .{extension}, but its content is {content.label}."
        return Refused("rejected", "type_mismatch", said)
    if facts.outcome == "failed" and facts.code:
        return Refused("failed", facts.code, facts.message or "")
    return _accepted(extension, content, facts)


def _accepted(extension: str, content: FileType, facts: Facts) -> Accepted:
    if isinstance(facts.metadata, TextMetadata):
        # JSON with comments and the like stays readable, as the text it is
        broken = extension == "json" and facts.metadata.json_valid is False
        return Accepted("document", "text/plain" if broken else _TEXT_MIME_TYPES[extension])
    if facts.sniffed == "ooxml":
        return Accepted("document", TYPES[extension].mime_type)
    return Accepted(facts.kind or content.kind or "document", facts.mime_type)


def kind_and_mime_type(content: FileType, facts_metadata: object) -> tuple[Kind | None, str]:
    """What content of a type is once its streams are known: containers hold sound with or without pictures."""
    if isinstance(facts_metadata, MediaMetadata) and content.kind == "video" and not facts_metadata.has_video:
        return "audio", content.audio_mime_type or content.mime_type
    return content.kind, content.mime_type
