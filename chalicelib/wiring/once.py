"""Builds what carries a repeated request out once."""

from typing import TYPE_CHECKING

from chalicelib.idempotency.service import Once
from chalicelib.idempotency.store import OnceStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def once(library: "Library") -> Once:
    """Build what keeps answers by their Idempotency-Key."""
    return Once(OnceStore(library.tables, library.settings.files_table), library.clock)
