"""Every way in which the library says no.

Each kind fixes an HTTP status; a domain's own errors are children that fix a stable `code`. An error states a
fact in a sentence for the one who reads it (`detail`) and may carry evidence, which the edge adds to the answer.
"""

from typing import ClassVar

Evidence = str | int | float | bool | list[str] | list[dict[str, str]] | None


class LibraryError(Exception):
    """A refusal with a stable code; the edge renders it as RFC 9457 `application/problem+json`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **evidence: Evidence) -> None:
        super().__init__(detail)
        self.detail = detail
        self.evidence = evidence


class Malformed(LibraryError):
    """The request cannot be read at all."""

    status, code, title = 400, "malformed", "The request could not be read"


class Unauthenticated(LibraryError):
    """Nobody in particular is asking."""

    status, code, title = 401, "unauthenticated", "Sign in first"


class Forbidden(LibraryError):
    """The caller may know of the thing, but not do this with it."""

    status, code, title = 403, "forbidden", "Not allowed"


class NotFound(LibraryError):
    """There is no such thing, or the caller may not know of it: both look the same."""

    status, code, title = 404, "not_found", "Not found"


class Conflict(LibraryError):
    """The request does not fit the present state."""

    status, code, title = 409, "conflict", "Conflict"


class Gone(LibraryError):
    """It was there once."""

    status, code, title = 410, "gone", "No longer available"


class PreconditionFailed(LibraryError):
    """`If-Match` names another version than the present one."""

    status, code, title = 412, "version_mismatch", "Changed meanwhile"


class TooLarge(LibraryError):
    """More bytes than this way, or this type, may carry."""

    status, code, title = 413, "too_large", "Too large"


class UnsupportedType(LibraryError):
    """This kind of content is not taken here."""

    status, code, title = 415, "unsupported_type", "Type not allowed"


class Invalid(LibraryError):
    """The request can be read, but a field has a value that will not do."""

    status, code, title = 422, "invalid", "Invalid values"


class Locked(LibraryError):
    """A password is needed."""

    status, code, title = 423, "locked", "Locked"


class TooMany(LibraryError):
    """More requests than the limit; evidence carries `retry_after` in seconds."""

    status, code, title = 429, "too_many_requests", "Too many requests"


class Unavailable(LibraryError):
    """A service that this one needs is overloaded or away; evidence carries `retry_after` in seconds."""

    status, code, title = 503, "unavailable", "Try again shortly"
