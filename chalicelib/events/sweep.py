"""The sweep: every five minutes, what is overdue is put in order."""

from typing import Any

from chalicelib.aws.meter import metered
from chalicelib.core.log import log
from chalicelib.wiring import Library, library


def sweep(event: object, context: object) -> Any:  # noqa: ARG001 - Lambda's signature
    """Expire uploads, empty the trash, remove freed bytes, compare bucket and tables, go on with deletions, count.

    Repeating it or cutting it short is harmless.
    """
    with metered() as receipt:
        done = put_in_order(library())
    log.info("sweep", extra={**done, **receipt.summary()})
    return done


def put_in_order(library: Library) -> dict[str, int]:
    """Do all of it once, and return how much there was of each."""
    return {
        "uploads": library.uploads.expire(),
        "trash": library.trash.empty(),
        "shared": library.leftovers.clear(),
        "blobs": library.blobs.collect(),
        **vars(library.reconciliation.step()),
        "deletions": library.deletion.remind(),
        "changes": library.files.catalogue.counters.folding.sweep(library.files.clock()),
        "jobs": library.organising.jobs.remind(),
        "exports": library.exports.remind(),
        "parcels": library.inbox.remind(),
        "exposures": library.publishing.remind(),
    }
