"""The media function: the slow lane, where audio and video are examined, and get posters and waveforms.

The extraction function sends them here, so that no photo waits behind a queue of films. One message at a time: a film
may take as long as the queue's visibility timeout allows for.
"""

from typing import Any

from chalicelib.events.batches import Batch, each_message
from chalicelib.events.extraction import take_in


def examine_media(event: Batch, context: object) -> Any:  # noqa: ARG001 - Lambda's signature
    """Handle one arrival of audio or video."""
    return each_message(event, take_in)
