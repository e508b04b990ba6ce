"""Builds what examines content and draws pictures of it, which only the functions with media tools do."""

import os
from typing import TYPE_CHECKING

from chalicelib.core.log import log
from chalicelib.extraction.service import Extraction
from chalicelib.extraction.tools import MediaTools, find_media_tools
from chalicelib.intake.service import Intake
from chalicelib.renditions.copying import Copying
from chalicelib.renditions.miniatures import Miniatures
from chalicelib.renditions.studio import Studio
from chalicelib.renditions.workshop import Workshop
from chalicelib.scanning.clamd import Clamd
from chalicelib.scanning.guardduty import GuardDuty

if TYPE_CHECKING:
    from chalicelib.scanning.models import Scanner
    from chalicelib.wiring import Library


def intake(library: "Library") -> Intake:
    """Build what settles arrivals."""
    tables, blobs, files, bucket = library.tables, library.blobs, library.files, library.bucket
    attempts, expected = library.history.jobs, library.settings.media_tools_expected
    return Intake(
        tables=tables,
        blobs=blobs,
        files=files,
        uploads=library.uploads,
        extraction=Extraction(bucket, library.history.facts, _media_tools, _scanner(library)),
        jobs=attempts,
        workshop=Workshop(tables, blobs, files, bucket, attempts, Studio(_media_tools)),
        audit=library.audit,
        slow_lane=library.slow_lane,
        tools_expected=lambda: expected,
    )


def miniatures(library: "Library") -> Miniatures:
    """Build what draws chosen miniatures."""
    return Miniatures(library.tables, library.files, library.bucket, library.history.jobs)


def copying(library: "Library") -> Copying:
    """Build what makes copies without metadata."""
    return Copying(library.files, library.bucket, library.history.jobs)


def _media_tools() -> MediaTools:
    return find_media_tools(os.environ)


def _scanner(library: "Library") -> "Scanner | None":
    settings = library.settings
    log.info("malware scan", extra={"malware_scan": settings.malware_scan})
    if settings.malware_scan == "guardduty":
        return GuardDuty(library.bucket.tags)
    host, _, port = settings.clamd_address.rpartition(":")
    return Clamd(host, int(port), library.bucket.read_range) if settings.malware_scan == "clamd" else None
