"""Builds what says what may be uploaded."""

from typing import TYPE_CHECKING

from chalicelib.allowances.models import Allowances
from chalicelib.allowances.service import AllowanceService
from chalicelib.allowances.store import AllowanceStore
from chalicelib.extraction.filetypes import EXTENSIONS
from chalicelib.limits.rules import policies
from chalicelib.uploads.sizes import DEFAULT_LIMITS

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def allowances(library: "Library") -> AllowanceService:
    """Build what may be uploaded: the settings, where no admin has said anything else."""
    settings = library.settings
    defaults = Allowances(
        sizes={**DEFAULT_LIMITS, **settings.size_limits},
        extensions=frozenset(settings.allowed_extensions or EXTENSIONS),
        uploads_per_minute=policies(settings.rates)["uploads"].quota,
        default_quota=settings.quota_bytes,
    )
    return AllowanceService(AllowanceStore(library.tables, settings.files_table), defaults, library.audit)
