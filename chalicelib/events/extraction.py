"""The extraction function: what has arrived in the bucket is examined; audio and video go on to the slow lane.

S3 → SQS → here. Each message is answered for itself (partial batch responses): what could not be done now comes
back after the queue's visibility timeout, and after five times goes to the dead-letter queue.
"""

from typing import Any

from chalicelib.aws.meter import metered
from chalicelib.blobs import arrivals
from chalicelib.core.log import log
from chalicelib.core.metrics import ARRIVAL, measured
from chalicelib.events.batches import Batch, each_message
from chalicelib.extraction.errors import ToolsAreComing
from chalicelib.files import copies
from chalicelib.renditions import wishes
from chalicelib.wiring import library

DEFERRED_SECONDS = 20
ENDS = ("ready", "failed", "rejected")


def extract(event: Batch, context: object) -> Any:  # noqa: ARG001 - Lambda's signature
    """Handle a batch of S3's notifications."""
    return each_message(event, _sort)


def defer(arrival: arrivals.Arrival, seconds: int = DEFERRED_SECONDS) -> None:
    """Send an arrival anew, for later: left in the queue, waiting for a build would use up its five tries."""
    library().queue.send(arrivals.message(arrival), delay=seconds)
    log.info("arrival deferred until the media tools are there")


def _sort(body: str) -> None:
    take_in(body, forward=True)


def take_in(body: str, *, forward: bool = False) -> None:
    """Handle the arrivals of one message. Raises whatever means that the queue must bring it back."""
    for wish in wishes.parse(body):
        library().miniatures.fulfil(wish)
    for file_id in copies.asked_for(body):
        library().copying.make(file_id)
    for arrival in arrivals.parse(body):
        log.thread_safe_append_keys(owner_id=arrival.owner_id, sha256=arrival.sha256)
        try:
            _take_in(arrival, forward=forward)
        except ToolsAreComing:
            defer(arrival)


def _take_in(arrival: arrivals.Arrival, *, forward: bool) -> None:
    with metered() as receipt:
        settled = library().intake.arrived(arrival, forward=forward)
    outcomes = {file.id: file.status.value for file in settled}
    counted = {f"files_{status}": list(outcomes.values()).count(status) for status in ENDS}
    log.info(
        "arrival handled", extra={"files": outcomes, **measured({**counted, **receipt.summary()}, ARRIVAL)}
    )
