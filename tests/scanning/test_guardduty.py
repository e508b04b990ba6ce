"""GuardDuty's tag gates what becomes ready; its event, as AWS documents it, says when to look."""

import json
from dataclasses import replace

import boto3
import pytest

from chalicelib.aws.clients import Clients
from chalicelib.blobs import arrivals
from chalicelib.blobs.models import object_key
from chalicelib.core.caller import Caller
from chalicelib.files.models import File, Status
from chalicelib.scanning.guardduty import TAG, GuardDuty
from chalicelib.scanning.models import ScannerAway
from chalicelib.settings import Settings
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request
from tests.libraries import arrive, send


@pytest.fixture
def library(settings: Settings, clients: Clients, clock: FakeClock) -> Library:
    return build(replace(settings, malware_scan="guardduty"), clients, clock)


@pytest.fixture
def waiting(library: Library, caller: Caller) -> File:
    """Return a file whose bytes have arrived and have not been scanned."""
    begun = library.uploads.begin(caller, a_request("a.txt", b"just words"))
    assert isinstance(begun, Begun)
    send(begun, b"just words")
    return begun.file


def scan(library: Library, file: File, status: str) -> str:
    """Tag the object as GuardDuty does, and return the event that EventBridge sends to the queue."""
    key = object_key(file.owner_id, file.sha256)
    bucket = library.settings.bucket_name
    tags = {"TagSet": [{"Key": TAG, "Value": status}]}
    boto3.client("s3").put_object_tagging(Bucket=bucket, Key=key, Tagging=tags)
    details = {"bucketName": bucket, "objectKey": key, "eTag": "e", "versionId": "v"}
    detail = {
        "schemaVersion": "1.0",
        "scanStatus": "COMPLETED",
        "resourceType": "S3_OBJECT",
        "s3ObjectDetails": details,
        "scanResultDetails": {"scanResultStatus": status, "threats": None},
    }
    return json.dumps(
        {"version": "0", "detail-type": arrivals.SCANNED, "source": "aws.guardduty", "detail": detail}
    )


def settled(library: Library, event: str) -> File:
    [arrival] = arrivals.parse(event)
    [file] = library.intake.arrived(arrival)
    return file


def test_nothing_is_examined_before_it_was_scanned(library: Library, caller: Caller, waiting: File) -> None:
    assert arrive(library, waiting) == []
    assert library.files.get(caller, waiting.id).status is Status.PENDING
    file = settled(library, scan(library, waiting, "NO_THREATS_FOUND"))
    assert (file.status, file.size) == (Status.READY, len(b"just words"))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("THREATS_FOUND", "malware_found"),
        ("UNSUPPORTED", "not_scannable"),
        ("ACCESS_DENIED", "not_scannable"),
        ("FAILED", "not_scannable"),
    ],
)
def test_what_is_not_clean_is_rejected(library: Library, waiting: File, status: str, code: str) -> None:
    file = settled(library, scan(library, waiting, status))
    assert file.status is Status.REJECTED
    assert file.error is not None
    assert file.error.code == code


def test_without_a_result_there_is_no_verdict() -> None:
    with pytest.raises(ScannerAway):
        GuardDuty(lambda _: {}).finding("key", 1)


def test_a_result_for_other_objects_is_no_arrival() -> None:
    event = {
        "detail-type": arrivals.SCANNED,
        "detail": {"s3ObjectDetails": {"objectKey": "renditions/a/b/c"}},
    }
    assert list(arrivals.parse(json.dumps(event))) == []
