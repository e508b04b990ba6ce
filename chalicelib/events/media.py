"""The media function: the slow lane, where audio and video are examined, and get posters and waveforms.

The extraction function sends them here, so that no photo waits behind a queue of films. One message at a time: a film
may take as long as the queue's visibility timeout allows for.
"""

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.events.extraction import each_message, take_in

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="media", batch_size=1, name="slow-lane")
def examine_media(event: SQSEvent) -> Any:
    """Handle one arrival of audio or video."""
    return each_message(event, take_in)
