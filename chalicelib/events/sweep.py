"""The sweep: every five minutes, what is overdue is put in order."""

from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.aws.meter import metered
from chalicelib.core.log import log
from chalicelib.wiring import library

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(5, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> Any:  # noqa: ARG001 - Chalice's signature
    """Expire uploads, remove freed bytes, compare bucket and tables, go on with deletions, add up counts.

    Repeating it or cutting it short is harmless.
    """
    with metered() as receipt:
        expired = library().uploads.expire()
        removed = library().blobs.collect()
        found = library().reconciliation.step()
        reminded = library().deletion.remind()
        counted = library().files.catalogue.counters.sweep()
        going_on = library().organising.remind()
        exports = library().exports.remind()
        exposed = library().publishing.remind()
    done = {"uploads": expired, "blobs": removed, "deletions": reminded, "changes": counted, "jobs": going_on}
    done |= {"exports": exports, "exposures": exposed, **vars(found)}
    log.info("sweep", extra={**done, **receipt.summary()})
    return done
