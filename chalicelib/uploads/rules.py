"""Rules of uploads: which extensions, how large."""

from collections.abc import Mapping

from chalicelib.extraction.filetypes import EXTENSIONS, kind_of
from chalicelib.files.rules import extension_of
from chalicelib.uploads.models import ExtensionNotAllowed, FileTooLarge

MIB = 1 << 20
DEFAULT_LIMITS = {"image": 10 * MIB, "video": 100 * MIB, "audio": 50 * MIB, "document": 20 * MIB}
MAX_LIMIT = 5 << 30
"""5 GiB: the most that a single PUT to S3 may carry."""
MAX_FORM_BYTES = 4_500_000
"""What fits into a function's 6 MB event after base64, with room for the other fields."""


def admitted_type(filename: str, size: int, limits: Mapping[str, int]) -> str:
    """Return the type that a file claims by its name, or refuse its extension or size."""
    extension = extension_of(filename)
    kind = kind_of(extension)
    if kind is None:
        allowed = sorted(EXTENSIONS)
        raise ExtensionNotAllowed(
            f'Files with the extension "{extension}" are not taken. Allowed: {", ".join(allowed)}.',
            allowed=allowed,
        )
    limit = limits[kind]
    if size > limit:
        raise FileTooLarge(f"A file of type {kind} may have at most {limit:,} bytes.", limit=limit, size=size)
    return kind
