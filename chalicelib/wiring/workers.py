"""Builds what only workers need; the API's cold start never imports this."""

import os
from typing import TYPE_CHECKING

from chalicelib.core.log import log
from chalicelib.extraction.service import Extraction
from chalicelib.extraction.tools import MediaTools, find_media_tools
from chalicelib.intake.service import Intake
from chalicelib.reconciliation.service import Reconciliation
from chalicelib.reconciliation.store import Bookmarks
from chalicelib.renditions.studio import Studio
from chalicelib.renditions.workshop import Workshop
from chalicelib.scanning.clamd import Clamd
from chalicelib.scanning.guardduty import GuardDuty

if TYPE_CHECKING:
    from chalicelib.scanning.models import Scanner
    from chalicelib.wiring import Library


def build_intake(library: "Library") -> Intake:
    """Build what settles arrivals."""
    tables, blobs, files, bucket = library.tables, library.blobs, library.files, library.bucket
    jobs, expected = library.history.jobs, library.settings.media_tools_expected
    return Intake(
        tables=tables,
        blobs=blobs,
        files=files,
        uploads=library.uploads,
        extraction=Extraction(bucket, library.history.facts, _media_tools, _scanner(library)),
        jobs=jobs,
        workshop=Workshop(tables, blobs, files, bucket, jobs, Studio(_media_tools)),
        audit=library.audit,
        slow_lane=library.slow_lane,
        tools_expected=lambda: expected,
    )


def build_reconciliation(library: "Library") -> Reconciliation:
    """Build what compares bucket and tables."""
    bookmarks = Bookmarks(library.tables, library.settings.files_table)
    storage, clock = library.parts.storage, library.files.clock
    return Reconciliation(bookmarks, library.blobs, library.uploads, library.bucket, storage, clock)


def _media_tools() -> MediaTools:
    return find_media_tools(os.environ)


def _scanner(library: "Library") -> "Scanner | None":
    settings = library.settings
    log.info("malware scan", extra={"malware_scan": settings.malware_scan})
    if settings.malware_scan == "guardduty":
        return GuardDuty(library.bucket.tags)
    host, _, port = settings.clamd_address.rpartition(":")
    return Clamd(host, int(port), library.bucket.read_range) if settings.malware_scan == "clamd" else None
