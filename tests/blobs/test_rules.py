from datetime import timedelta

from chalicelib.blobs.models import Blob, BlobState
from chalicelib.blobs.rules import LEASE, TRANSITIONS, is_leased, joined, may_follow
from chalicelib.core.clock import now

BLOB = Blob("ana", "0" * 64, 1, BlobState.EXPECTED, refs=1, version=1)


def test_every_state_can_be_reached_and_left() -> None:
    assert set(TRANSITIONS) == {None, *BlobState}
    assert set().union(*TRANSITIONS.values()) == {None, *BlobState}
    assert all(after for after in TRANSITIONS.values())


def test_bytes_go_only_after_the_blob_was_freed_and_nobody_joins_while_they_go() -> None:
    assert [state for state in TRANSITIONS if may_follow(state, BlobState.DELETING)] == [BlobState.FREED]
    assert TRANSITIONS[BlobState.DELETING] == {None}


def test_what_is_known_of_the_content_stays_known_when_a_file_joins_again() -> None:
    freed = Blob("ana", "0" * 64, 1, BlobState.FREED, refs=0, version=1)
    examined = Blob("ana", "0" * 64, 1, BlobState.FREED, refs=0, version=1, facts={"sniffed": "png"})
    assert (joined(freed), joined(examined)) == (BlobState.EXPECTED, BlobState.EXAMINED)
    assert may_follow(BlobState.FREED, joined(freed))
    assert may_follow(BlobState.FREED, joined(examined))


def test_a_lease_runs_out() -> None:
    moment = now()
    leased = Blob("ana", "0" * 64, 1, BlobState.EXPECTED, refs=1, version=1, lease_until=moment + LEASE)
    assert not is_leased(BLOB, moment)
    assert is_leased(leased, moment)
    assert not is_leased(leased, moment + LEASE)
    assert timedelta(seconds=180) > LEASE  # the queue's visibility timeout in infra/template.yaml
