"""What fails comes back and is told of; what stands beside it in the batch is done."""

import pytest

from chalicelib.events.batches import each_message
from chalicelib.events.extraction import extract
from chalicelib.events.jobs import run_jobs
from chalicelib.events.media import examine_media


def batch(*bodies: str) -> dict[str, list[dict[str, str]]]:
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def test_only_what_raised_comes_back() -> None:
    done: list[str] = []

    def handle(body: str) -> None:
        if body == "bad":
            raise ValueError(body)
        done.append(body)

    assert each_message(batch("a", "bad", "b"), handle) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert done == ["a", "b"]


@pytest.mark.parametrize("handler", [extract, examine_media, run_jobs])
def test_a_message_that_cannot_even_be_read_is_in_the_log(
    handler: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert callable(handler)
    assert handler(batch("not json"), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    [line] = [record for record in caplog.records if record.exc_info]
    assert line.getMessage() == "message not handled; the queue brings it back"
