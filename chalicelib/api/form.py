"""multipart/form-data (RFC 7578), read by a library under limits."""

import io
from dataclasses import dataclass

from chalice.app import Request
from multipart import MultipartError, MultipartParser, parse_options_header

from chalicelib.core.errors import Invalid, Malformed, UnsupportedType
from chalicelib.uploads.models import UseUploads
from chalicelib.uploads.rules import MAX_FORM_BYTES

MAX_PARTS = 20
MAX_FIELD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Form:
    """The fields of a form, and its one file."""

    fields: dict[str, str]
    filename: str
    content_type: str
    content: bytes


def read_form(request: Request) -> Form:
    """Return the form in a request. Raises UseUploads, UnsupportedType, Malformed, Invalid."""
    raw = request.raw_body
    body = raw.encode() if isinstance(raw, str) else raw
    if len(body) > MAX_FORM_BYTES:
        raise too_large(len(body))
    content_type, options = parse_options_header(str(request.headers.get("content-type", "")))
    if content_type != "multipart/form-data" or "boundary" not in options:
        raise UnsupportedType("Send a form: multipart/form-data with a boundary, as curl -F does.")
    try:
        return _form(MultipartParser(io.BytesIO(body), options["boundary"], len(body), **_limits(len(body))))
    except (MultipartError, UnicodeDecodeError) as error:
        raise Malformed("The form could not be read; its parts are damaged or too many.") from error


def too_large(size: int) -> UseUploads:
    """Return the refusal that tells the way for larger files."""
    return UseUploads(
        f"A form may carry at most {MAX_FORM_BYTES:,} bytes. Larger files go straight to storage: "
        "POST /v1/uploads with filename, size and sha256, then PUT the bytes to the url in its answer.",
        limit=MAX_FORM_BYTES,
        size=size,
    )


def _limits(size: int) -> dict[str, int]:
    # The body is in memory already, so nothing is spooled to disk.
    return {"part_limit": MAX_PARTS, "spool_limit": size + 1, "memory_limit": size + 1, "disk_limit": 0}


def _form(parser: MultipartParser) -> Form:
    fields: dict[str, str] = {}
    file: tuple[str, str, bytes] | None = None
    for part in parser:
        if part.filename is not None and part.name == "file" and file is None:
            file = part.filename, part.content_type, part.raw
        elif part.filename is None and part.size <= MAX_FIELD_BYTES and part.name not in fields:
            fields[part.name] = part.value
        else:
            raise Malformed(
                f'The part "{part.name}" is too large, comes twice, or is a file where none is expected.'
            )
    if file is None:
        raise Malformed('The form has no file: send it as the part "file".')
    if not file[2]:
        raise Invalid("The file is empty.")
    return Form(fields, *file)
