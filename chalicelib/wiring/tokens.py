"""Builds what reads access tokens, which nearly every request needs, and little else with it."""

from typing import TYPE_CHECKING

from chalicelib.accounts.tokens import AccessTokens

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def access_tokens(library: "Library") -> AccessTokens:
    """Build what issues and reads access tokens."""
    return AccessTokens(library.keys, library.clock, library.keys.newer)
