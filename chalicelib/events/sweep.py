"""The sweep: every five minutes, what is overdue is put in order."""

from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.aws.meter import metered
from chalicelib.core.log import log
from chalicelib.wiring import library

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(5, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> Any:  # noqa: ARG001 - Chalice's signature
    """Expire uploads and remove freed bytes, add up counts; repeating it or cutting it short is harmless."""
    with metered() as receipt:
        expired = library().uploads.expire()
        removed = library().blobs.collect()
        counted = library().files.catalogue.counters.sweep()
    log.info("sweep", extra={"uploads": expired, "blobs": removed, "changes": counted, **receipt.summary()})
    return {"uploads": expired, "blobs": removed, "changes": counted}
