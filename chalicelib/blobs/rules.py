"""The life of a blob, as a table of what may follow what.

    (none) ── the sweep finds bytes without a blob ──> FREED
    (none) ── an upload begins ──> EXPECTED ── the bytes were examined ──> EXAMINED
    EXPECTED, EXAMINED ── the last file leaves ──> FREED ── a file joins again ──> EXPECTED or EXAMINED
    FREED ── the grace period ended ──> DELETING ── the bytes are gone ──> (none)

Every change of a blob is conditional on the version it was read with, so two changes at once never both succeed.
"""

from datetime import datetime, timedelta

from chalicelib.blobs.models import Blob, BlobState, HashDisputed

TRANSITIONS: dict[BlobState | None, frozenset[BlobState | None]] = {
    None: frozenset({BlobState.EXPECTED, BlobState.FREED}),
    BlobState.EXPECTED: frozenset({BlobState.EXPECTED, BlobState.EXAMINED, BlobState.FREED}),
    BlobState.EXAMINED: frozenset({BlobState.EXAMINED, BlobState.FREED}),
    BlobState.FREED: frozenset({BlobState.EXPECTED, BlobState.EXAMINED, BlobState.DELETING}),
    BlobState.DELETING: frozenset({None}),
}
LEASE = timedelta(seconds=150)
"""How long a worker may examine before another may try: longer than any examination, shorter than the queue's
visibility timeout of 180 s."""


def may_follow(state: BlobState | None, successor: BlobState | None) -> bool:
    """Tell whether a blob may go from one state to another."""
    return successor in TRANSITIONS[state]


def joined(blob: Blob) -> BlobState:
    """Return the state of a blob when a file joins: what is known of the content stays known."""
    return BlobState.EXPECTED if blob.facts is None else BlobState.EXAMINED


def check_size(blob: Blob, size: int) -> None:
    """Raise HashDisputed when the content has another size than is claimed: one hash has one size."""
    known = blob.facts is not None or blob.refs
    if known and blob.size != size:
        raise HashDisputed(
            "Your library has this sha256 with another size. Hash the file again; if both are right as they are, "
            "one of the two files was sent under a wrong hash.",
            existing_size=blob.size,
        )


def is_leased(blob: Blob, now: datetime) -> bool:
    """Tell whether a worker is examining the blob at this moment."""
    return blob.lease_until is not None and blob.lease_until > now
