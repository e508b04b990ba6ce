"""Examine one blob: sniff it, let the right reader read it, and say what was found or what is wrong with it.

Anything wrong with the file is an outcome with a stable code. Anything wrong with the world (the store, the fork
server) is an exception: whoever called may try again later.
"""

import atexit
import time

from chalicelib.extraction import media
from chalicelib.extraction.errors import BudgetSpent, Failed, FileFault, ReadingBudgetSpent, Rejected
from chalicelib.extraction.filetypes import TYPES, FileType
from chalicelib.extraction.limited import Form, Job, Zygote
from chalicelib.extraction.models import (
    DocumentMetadata,
    Excerpt,
    Facts,
    Finding,
    MediaMetadata,
    Metadata,
)
from chalicelib.extraction.readers import EXCERPTED, EXCERPTS, READERS
from chalicelib.extraction.sniff import WINDOW, sniff
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import MediaTools
from chalicelib.extraction.verdict import kind_and_mime_type
from chalicelib.extraction.vocabulary import common

SNIFFER_VERSION = 1
VOCABULARY_VERSION = 1
EXTRACTOR_VERSION = (
    SNIFFER_VERSION
    + VOCABULARY_VERSION
    + EXCERPTS.version
    + sum(reader.version for reader in READERS.values())
)
MAX_METADATA_BYTES = 16 << 10
EXCERPT_BYTES, EXCERPT_REQUESTS = 4 << 20, 32
MAX_EXCERPT_ANSWER = 64 << 10
_SHORT_TEXT = 64

# started by the first reading, shared by all of this process
_zygote = Zygote(tuple(r.module for r in (*READERS.values(), EXCERPTS) if r.module != media.__name__))
atexit.register(_zygote.close)


def examine(source: RangedSource, tools: MediaTools | None) -> Facts:
    """The facts of a blob. Raises only what is the world's fault: what fetch raises, ShortFetch and the like.

    Without `tools` audio and video fail with `media_tools_missing`; everything else works.
    """
    started = time.monotonic()
    sniffed, finding, fault = "unknown", None, None
    try:
        sniffed = sniff(_head(source))
        finding = _read(source, sniffed, tools)
        sniffed = finding.found_type or sniffed
        finding = _with_excerpt(finding, source, sniffed)
    except FileFault as wrong:
        fault = wrong
    except BudgetSpent:
        fault = ReadingBudgetSpent()
    return _facts(source, sniffed, finding, fault, time.monotonic() - started)


def _head(source: RangedSource) -> bytes:
    if not source.size:
        raise Rejected("empty_file", "The file is empty.")
    return source.read(0, WINDOW)


def _read(source: RangedSource, sniffed: str, tools: MediaTools | None) -> Finding:
    content = TYPES[sniffed]
    if content.reader is None:
        raise Rejected(
            content.refusal or "type_not_allowed", f"The content is {content.label}, which is not accepted."
        )
    if content.reader != "media":
        reader = READERS[content.reader]
        return _zygote.read(reader.module, source, sniffed, reader.limits)
    if tools is None:
        raise Failed(
            "media_tools_missing", "Audio and video cannot be read here, because ffprobe is not installed."
        )
    return media.read(source, sniffed, tools)


def _with_excerpt(finding: Finding, source: RangedSource, sniffed: str) -> Finding:
    """The finding with the first words of the document; whatever is wrong with them, the document has been read."""
    metadata = finding.metadata
    closed = not isinstance(metadata, DocumentMetadata) or metadata.encrypted == "user"
    if closed or TYPES[sniffed].reader not in EXCERPTED:
        return finding
    source.allow(EXCERPT_BYTES, EXCERPT_REQUESTS)
    job = Job(EXCERPTS.module, sniffed, EXCERPTS.limits)
    try:
        found = _zygote.ask(job, source, Form(Excerpt, MAX_EXCERPT_ANSWER))
    except (FileFault, BudgetSpent):
        return finding
    return finding.model_copy(
        update={"metadata": metadata.model_copy(update={"excerpt": found.text or None})}
    )


def _facts(
    source: RangedSource, sniffed: str, finding: Finding | None, fault: FileFault | None, seconds: float
) -> Facts:
    content: FileType = TYPES[sniffed]
    metadata = fitted(finding.metadata) if finding else None
    kind, mime_type = kind_and_mime_type(content, metadata)
    return Facts(
        outcome=fault.status if fault else "read",
        sniffed=sniffed,
        kind=kind,
        mime_type=mime_type,
        reader=content.reader,
        reader_version=READERS[content.reader].version if content.reader else None,
        metadata=metadata,
        common=common(metadata) if metadata else None,
        code=fault.code if fault else None,
        message=fault.message if fault else None,
        detail=(fault.detail or None) if fault else None,
        bytes_read=source.bytes_read,
        requests=source.requests,
        seconds=round(seconds, 3),
    )


def fitted(metadata: Metadata) -> Metadata:
    """The metadata within MAX_METADATA_BYTES of JSON: tags go first, then streams, then the long texts' ends."""
    while len(metadata.model_dump_json(exclude_none=True).encode()) > MAX_METADATA_BYTES:
        metadata = _smaller(metadata)
    return metadata


def _smaller(metadata: Metadata) -> Metadata:
    if isinstance(metadata, MediaMetadata) and metadata.tags:
        kept = dict(list(metadata.tags.items())[: len(metadata.tags) // 2])
        return metadata.model_copy(update={"tags": kept})
    if isinstance(metadata, MediaMetadata) and len(metadata.streams) > 1:
        return metadata.model_copy(update={"streams": metadata.streams[: len(metadata.streams) // 2]})
    texts = {
        name: value[: len(value) // 2]
        for name, value in metadata
        if isinstance(value, str) and len(value) > _SHORT_TEXT
    }
    return metadata.model_copy(update=texts)
