"""Builds how bytes come in."""

from typing import TYPE_CHECKING

from chalicelib.aws.agenda import Agenda
from chalicelib.core.ids import in_sequence
from chalicelib.uploads.announcing import Announcing
from chalicelib.uploads.beginning import Beginning
from chalicelib.uploads.multipart import Parts
from chalicelib.uploads.service import Uploads
from chalicelib.uploads.store import UploadStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def uploads(library: "Library") -> Uploads:
    """Build how bytes come in."""
    tables, settings, files = library.tables, library.settings, library.files
    store = UploadStore(tables, settings.files_table)
    agenda = Agenda(tables, settings.files_table, "uploads")
    announcing = Announcing(library.bucket, library.queue)
    rules = (library.audit, library.limits, library.allowances, settings.multipart_from_bytes)
    return Uploads(
        tables=tables,
        store=store,
        agenda=agenda,
        files=files,
        blobs=library.blobs,
        bucket=library.bucket,
        beginning=Beginning(tables, store, agenda, files, announcing, *rules),
        audit=library.audit,
        clock=library.clock,
        new_id=in_sequence(library.new_id),
        storage=library.storage,
    )


def parts(library: "Library") -> Parts:
    """Build how large files come in, part by part."""
    return Parts(library.uploads, library.storage)
