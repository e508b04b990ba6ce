"""Rules of uploads: which extensions, how large, in which parts."""

from collections.abc import Iterable

from chalicelib.allowances.models import Allowances
from chalicelib.aws.multipart import Part
from chalicelib.blobs.models import Blob, HashDisputed
from chalicelib.blobs.rules import check_size
from chalicelib.extraction.filetypes import kind_of, may_be_declared
from chalicelib.files.rules import extension_of
from chalicelib.uploads.models import ContentTypeContradicts, ExtensionNotAllowed, FileTooLarge, Request
from chalicelib.uploads.sizes import MIB

MAX_FORM_BYTES = 4_500_000
"""What fits into a function's 6 MB event after base64, with room for the other fields."""
MIN_PART, MAX_PART, MAX_PARTS = 8 * MIB, 5 << 30, 10_000
"""S3 takes up to 10,000 parts of 5 MiB to 5 GiB (AWS: "Amazon S3 multipart upload limits")."""


def part_size(size: int) -> int:
    """Return the size of every part but the last for a file of `size` bytes: whole MiB, at least 8, in 10,000 parts.

    It follows from the file's size alone, so equal content has equal parts and one composite checksum.
    """
    mebibytes = -(-size // (MAX_PARTS * MIB))
    return max(MIN_PART, mebibytes * MIB)


def part_sizes(size: int) -> list[int]:
    """Return the sizes of all parts, in order."""
    whole, rest = divmod(size, part_size(size))
    return [part_size(size)] * whole + ([rest] if rest else [])


def missing_parts(size: int, arrived: Iterable[Part]) -> list[int]:
    """Return the numbers of the parts that are not there in their right size."""
    there = {part.number: part.size for part in arrived}
    return [number for number, wanted in enumerate(part_sizes(size), 1) if there.get(number) != wanted]


def check_same(blob: Blob, request: Request) -> None:
    """Raise HashDisputed when a request and examined content have one hash, but not the same size or parts."""
    check_size(blob, request.size)
    if blob.composite and request.composite and blob.composite != request.composite:
        raise HashDisputed(
            "Your library has other parts under this sha256: one of the two files was hashed wrongly.",
            existing_file_id=blob.members[0].file_id if blob.members else None,
        )


def admitted_type(filename: str, size: int, allowances: Allowances, content_type: str = "") -> str:
    """Return the type that a file claims by its name, or refuse its extension, declared MIME type or size."""
    extension = extension_of(filename)
    kind = kind_of(extension)
    if kind is None or extension not in allowances.extensions:
        allowed = sorted(allowances.extensions)
        raise ExtensionNotAllowed(
            f'Files with the extension "{extension}" are not taken. Allowed: {", ".join(allowed)}.',
            allowed=allowed,
        )
    if not may_be_declared(content_type, kind):
        raise ContentTypeContradicts(
            f'A file with the extension "{extension}" cannot be sent as {content_type[:100]}. Leave content_type out, '
            "or declare what the file is.",
        )
    limit = allowances.sizes[kind]
    if size > limit:
        raise FileTooLarge(f"A file of type {kind} may have at most {limit:,} bytes.", limit=limit, size=size)
    return kind
