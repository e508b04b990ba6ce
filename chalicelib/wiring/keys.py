"""Builds API keys."""

from typing import TYPE_CHECKING

from chalicelib.accounts.key_store import KeyStore
from chalicelib.accounts.keys import ApiKeys

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def api_keys(library: "Library") -> ApiKeys:
    """Build what makes and reads API keys."""
    store = KeyStore(library.tables, library.settings.users_table)
    return ApiKeys(library.tables, store, library.audit, library.clock, library.new_id)
