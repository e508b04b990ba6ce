"""What AWS's own failures mean to a caller: come back later, or nothing that a caller could help."""

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's

from chalicelib.core.errors import LibraryError, Unavailable

OVERLOAD = {
    "InternalError",
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottlingException",
    "TransactionInProgressException",
}


def as_library_error(error: Exception) -> LibraryError:
    """Return the refusal that stands for any exception; one that is a refusal already stays itself."""
    if isinstance(error, LibraryError):
        return error
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    away = isinstance(error, ConnectionError | HTTPClientError | BotoCoreError)
    if away or code in OVERLOAD:
        return Unavailable(
            "A service behind the library does not answer. Try again in a few seconds.", retry_after=3
        )
    return LibraryError(
        "This is a fault of the library, not of your request. It has been logged under the request id."
    )
