"""Builds how bytes come in, and what may come in."""

from chalicelib.allowances.models import Allowances
from chalicelib.allowances.service import AllowanceService
from chalicelib.allowances.store import AllowanceStore
from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.queue import Queue
from chalicelib.core.ids import NewId, in_sequence
from chalicelib.extraction.filetypes import EXTENSIONS
from chalicelib.files.service import Files
from chalicelib.limits.rules import policies
from chalicelib.limits.service import Limits
from chalicelib.settings import Settings
from chalicelib.uploads.announcing import Announcing
from chalicelib.uploads.beginning import Beginning
from chalicelib.uploads.rules import DEFAULT_LIMITS
from chalicelib.uploads.service import Uploads
from chalicelib.uploads.store import UploadStore


def build_allowances(settings: Settings, audit: Audit) -> AllowanceService:
    """Build what says what may be uploaded."""
    defaults = Allowances(
        sizes=DEFAULT_LIMITS | settings.size_limits,
        extensions=frozenset(settings.allowed_extensions or EXTENSIONS),
        uploads_per_minute=policies(settings.rates)["uploads"].quota,
        default_quota=settings.quota_bytes,
    )
    return AllowanceService(AllowanceStore(audit.store.tables, settings.files_table), defaults, audit)


def build_uploads(
    settings: Settings,
    files: Files,
    limits: Limits,
    allowances: AllowanceService,
    queue: Queue,
    storage: MultipartBucket,
    new_id: NewId,
) -> Uploads:
    """Build how bytes come in."""
    tables, audit = files.tables, files.audit
    store = UploadStore(tables, settings.files_table)
    agenda = Agenda(tables, settings.files_table, "uploads")
    announcing = Announcing(files.bucket, queue)
    beginning = Beginning(
        *(tables, store, agenda, files, announcing, audit, limits, allowances, settings.multipart_from_bytes)
    )
    return Uploads(
        tables=tables,
        store=store,
        agenda=agenda,
        files=files,
        blobs=files.blobs,
        bucket=files.bucket,
        beginning=beginning,
        audit=audit,
        clock=files.clock,
        new_id=in_sequence(new_id),
        storage=storage,
    )
