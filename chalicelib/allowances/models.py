"""What may be uploaded."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.core.errors import PreconditionFailed


@dataclass(frozen=True)
class Allowances:
    """What may be uploaded: bytes a file by type, extensions, uploads a minute and account, bytes an account."""

    sizes: Mapping[str, int]
    extensions: frozenset[str]
    uploads_per_minute: int
    default_quota: int
    version: int = 1
    """1 until an admin has changed something."""


class AllowancesChanged(PreconditionFailed):
    """The limits have changed since the version that the request names."""
