import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from chalicelib.aws.failures import as_library_error
from chalicelib.core.errors import Conflict, Unavailable

URL = "http://aws"


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "internal detail"}}, "Query")


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        refused("ThrottlingException"),
        refused("ProvisionedThroughputExceededException"),
        refused("SlowDown"),
        refused("InternalServerError"),
    ],
)
def test_a_service_that_is_away_or_overloaded_means_come_back_later(error: Exception) -> None:
    answer = as_library_error(error)
    assert isinstance(answer, Unavailable)
    assert answer.evidence["retry_after"] == 3


@pytest.mark.parametrize("error", [refused("AccessDeniedException"), KeyError("x"), RuntimeError("boom")])
def test_a_fault_of_the_library_is_told_without_its_insides(error: Exception) -> None:
    answer = as_library_error(error)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert "internal detail" not in answer.detail
    assert "boom" not in answer.detail


def test_a_refusal_stays_itself() -> None:
    refusal = Conflict("both at once")
    assert as_library_error(refusal) is refusal
