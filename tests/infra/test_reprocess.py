"""The command that has content examined again by a newer extractor."""

from dataclasses import replace

import boto3

from chalicelib.blobs.arrivals import parse
from chalicelib.core.caller import Caller
from chalicelib.extraction.examine import EXTRACTOR_VERSION
from chalicelib.wiring import Library
from infra.reprocess import outdated, reprocess
from tests.conftest import MEDIA, Messages
from tests.libraries import uploaded


def test_content_that_an_older_extractor_has_seen_is_examined_again(
    library: Library, caller: Caller, messages: Messages
) -> None:
    file = uploaded(library, caller, "a.txt", b"words to be read again")
    erased = uploaded(library, caller, "b.txt", b"words that are gone")
    library.files.erase(caller, erased.id, None)
    messages.take()
    dynamodb = boto3.client("dynamodb")
    assert list(outdated(dynamodb, library, EXTRACTOR_VERSION, caller.user_id)) == []
    found = outdated(dynamodb, library, EXTRACTOR_VERSION + 1, caller.user_id)
    assert reprocess(library, found, 100, dry_run=False) == 1
    [message] = messages.take()
    [arrival] = parse(message["body"])
    assert (arrival.sha256, arrival.again) == (file.sha256, True)
    library.intake.arrived(arrival)
    assert library.files.get(caller, file.id).version > file.version


def test_pictures_that_an_older_workshop_has_made_are_made_again(
    library: Library, caller: Caller, messages: Messages
) -> None:
    file = uploaded(library, caller, "plain.png", (MEDIA / "plain.png").read_bytes())
    messages.take()
    dynamodb = boto3.client("dynamodb")
    assert list(outdated(dynamodb, library, EXTRACTOR_VERSION, caller.user_id)) == []
    blob = library.blobs.find(file.owner_id, file.sha256)
    assert blob is not None
    assert blob.illustrations is not None
    older = replace(blob.illustrations, version=0, perceptual_hash="0" * 16)
    library.tables.commit(library.blobs.illustrated(blob, older))
    [arrival] = outdated(dynamodb, library, EXTRACTOR_VERSION, caller.user_id)
    assert not arrival.again
    library.intake.arrived(arrival)
    after = library.blobs.find(file.owner_id, file.sha256)
    assert after is not None
    assert after.illustrations == blob.illustrations


def test_a_dry_run_only_counts(library: Library, caller: Caller, messages: Messages) -> None:
    uploaded(library, caller, "a.txt", b"words to be counted")
    messages.take()
    found = outdated(boto3.client("dynamodb"), library, EXTRACTOR_VERSION + 1, caller.user_id)
    assert reprocess(library, found, 100, dry_run=True) == 1
    assert messages.take() == []
