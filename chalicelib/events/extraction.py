"""The extraction function: what has arrived in the bucket is examined; audio and video go on to the slow lane.

S3 → SQS → here. Each message is answered for itself (partial batch responses): what could not be done now comes
back after the queue's visibility timeout, and after five times goes to the dead-letter queue.
"""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.aws.meter import metered
from chalicelib.blobs import arrivals
from chalicelib.core.log import log
from chalicelib.core.metrics import ARRIVAL, measured
from chalicelib.extraction.errors import ToolsAreComing
from chalicelib.files import copies
from chalicelib.renditions import wishes
from chalicelib.wiring import library

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

blueprint = Blueprint(__name__)
DEFERRED_SECONDS = 20
ENDS = ("ready", "failed", "rejected")


@blueprint.on_sqs_message(queue="extraction", batch_size=5, name="extraction")
def extract(event: SQSEvent) -> Any:
    """Handle a batch of S3's notifications."""
    return each_message(event, _sort)


def each_message(event: SQSEvent, handle: "Callable[[SQSRecord], None]") -> Any:
    """Handle a batch message by message, and answer which of them the queue must bring back."""
    # The API's cold start imports this module, for its registration only.
    from aws_lambda_powertools.utilities.batch import (  # noqa: PLC0415
        BatchProcessor,
        EventType,
        process_partial_response,
    )

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(event.to_dict(), handle, processor)


def defer(arrival: arrivals.Arrival, seconds: int = DEFERRED_SECONDS) -> None:
    """Send an arrival anew, for later: left in the queue, waiting for a build would use up its five tries."""
    library().queue.send(arrivals.message(arrival), delay=seconds)
    log.info("arrival deferred until the media tools are there")


def _sort(record: "SQSRecord") -> None:
    take_in(record, forward=True)


def take_in(record: "SQSRecord", *, forward: bool = False) -> None:
    """Handle the arrivals of one message. Raises whatever means that the queue must bring it back."""
    log.thread_safe_clear_keys()
    log.thread_safe_append_keys(message_id=record.message_id)
    for wish in wishes.parse(record.body):
        library().miniatures.fulfil(wish)
    for file_id in copies.asked_for(record.body):
        library().copying.make(file_id)
    for arrival in arrivals.parse(record.body):
        log.thread_safe_append_keys(owner_id=arrival.owner_id, sha256=arrival.sha256)
        try:
            _take_in(arrival, forward=forward)
        except ToolsAreComing:
            defer(arrival)
        except Exception:
            log.exception("arrival not handled; the queue brings it back")
            raise


def _take_in(arrival: arrivals.Arrival, *, forward: bool) -> None:
    with metered() as receipt:
        settled = library().intake.arrived(arrival, forward=forward)
    outcomes = {file.id: file.status.value for file in settled}
    counted = {f"files_{status}": list(outcomes.values()).count(status) for status in ENDS}
    log.info(
        "arrival handled", extra={"files": outcomes, **measured({**counted, **receipt.summary()}, ARRIVAL)}
    )
