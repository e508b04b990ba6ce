"""Large objects cost the server no memory: parts, their assembly, ranges and whole reads go past it."""

import hashlib
from pathlib import Path
from random import Random
from typing import Any

import pytest

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Clients

MB = 1 << 20
PART = 8 * MB
PARTS = 8
SIZE = PART * PARTS + 1000


def server_memory(aws: EmbeddedAws, field: str) -> int:
    """VmRSS (now) or VmHWM (at most) of the server, in bytes."""
    assert aws._child
    status = Path(f"/proc/{aws._child.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith(field))


def forget_peak(aws: EmbeddedAws) -> None:
    assert aws._child
    Path(f"/proc/{aws._child.pid}/clear_refs").write_text("5")


def upload(root: Clients, body: bytes) -> str:
    """Upload in parts; the ETag."""
    root.s3.create_bucket(Bucket="bucket")
    upload_id = root.s3.create_multipart_upload(Bucket="bucket", Key="large")["UploadId"]
    parts: list[Any] = []
    for number, at in enumerate(range(0, len(body), PART), 1):
        part = root.s3.upload_part(
            Bucket="bucket", Key="large", UploadId=upload_id, PartNumber=number, Body=body[at : at + PART]
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    done = root.s3.complete_multipart_upload(
        Bucket="bucket", Key="large", UploadId=upload_id, MultipartUpload={"Parts": parts}
    )
    return done["ETag"]


@pytest.fixture(scope="module")
def body() -> bytes:
    return Random(1).randbytes(SIZE)


def expected_etag(body: bytes) -> str:
    digests = [hashlib.md5(body[at : at + PART]).digest() for at in range(0, len(body), PART)]
    return f'"{hashlib.md5(b"".join(digests)).hexdigest()}-{len(digests)}"'


def test_an_assembled_object_has_its_bytes_size_and_etag(root: Clients, body: bytes) -> None:
    assert upload(root, body) == expected_etag(body)
    head = root.s3.head_object(Bucket="bucket", Key="large")
    assert (head["ContentLength"], head["ETag"]) == (SIZE, expected_etag(body))
    assert root.s3.list_objects_v2(Bucket="bucket")["Contents"][0]["Size"] == SIZE
    assert root.s3.get_object(Bucket="bucket", Key="large")["Body"].read() == body


@pytest.mark.parametrize(
    ("wanted", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={PART - 5}-{PART + 5 * MB}", PART - 5, PART + 5 * MB + 1),
        (f"bytes={SIZE - 10}-", SIZE - 10, SIZE),
        ("bytes=-700", SIZE - 700, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
    ],
)
def test_ranges_are_exact(shared_aws: EmbeddedAws, body: bytes, wanted: str, start: int, stop: int) -> None:
    root = Clients.of_root(shared_aws)
    if "large" not in [entry["Key"] for entry in stored(root)]:
        upload(root, body)
    answer = root.s3.get_object(Bucket="bucket", Key="large", Range=wanted)
    assert answer["ContentRange"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer["Body"].read() == body[start:stop]


def stored(root: Clients) -> list[Any]:
    buckets = {bucket["Name"] for bucket in root.s3.list_buckets()["Buckets"]}
    return list(root.s3.list_objects_v2(Bucket="bucket").get("Contents", [])) if "bucket" in buckets else []


def test_a_part_is_read_by_its_number(root: Clients, body: bytes) -> None:
    upload(root, body)
    part = root.s3.get_object(Bucket="bucket", Key="large", PartNumber=2)
    assert part["Body"].read() == body[PART : 2 * PART]
    assert part["PartsCount"] == PARTS + 1


def test_a_refused_completion_leaves_the_upload_open(root: Clients) -> None:
    root.s3.create_bucket(Bucket="bucket")
    target: Any = {"Bucket": "bucket", "Key": "key"}
    target["UploadId"] = root.s3.create_multipart_upload(**target)["UploadId"]
    etag = root.s3.upload_part(**target, PartNumber=1, Body=b"x" * 100)["ETag"]
    wrong: Any = {"Parts": [{"PartNumber": 1, "ETag": '"00000000000000000000000000000000"'}]}
    with pytest.raises(root.s3.exceptions.ClientError, match="InvalidPart"):
        root.s3.complete_multipart_upload(**target, MultipartUpload=wrong)
    right: Any = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    root.s3.complete_multipart_upload(**target, MultipartUpload=right)
    assert root.s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"x" * 100


def test_a_versioned_bucket_assembles_too(root: Clients) -> None:
    root.s3.create_bucket(Bucket="bucket")
    setting: Any = {"Status": "Enabled"}
    root.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration=setting)
    target: Any = {"Bucket": "bucket", "Key": "key"}
    target["UploadId"] = root.s3.create_multipart_upload(**target)["UploadId"]
    etag = root.s3.upload_part(**target, PartNumber=1, Body=b"x" * 100)["ETag"]
    done = root.s3.complete_multipart_upload(
        **target, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]}
    )
    second = root.s3.put_object(Bucket="bucket", Key="key", Body=b"second")
    for version, expected in ((done["VersionId"], b"x" * 100), (second["VersionId"], b"second")):
        read = root.s3.get_object(Bucket="bucket", Key="key", VersionId=version)
        assert read["Body"].read() == expected


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="memory is measured in Linux's /proc")
def test_completing_and_reading_take_no_memory(aws: EmbeddedAws, root: Clients, body: bytes) -> None:
    upload(root, b"warm up" * PART)
    forget_peak(aws)
    before = server_memory(aws, "VmRSS")
    upload_id = root.s3.create_multipart_upload(Bucket="bucket", Key="large")["UploadId"]
    etags = [
        root.s3.upload_part(Bucket="bucket", Key="large", UploadId=upload_id, PartNumber=n, Body=body[:PART])[
            "ETag"
        ]
        for n in range(1, PARTS + 1)
    ]
    parts: Any = {"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]}
    root.s3.complete_multipart_upload(Bucket="bucket", Key="large", UploadId=upload_id, MultipartUpload=parts)
    whole = root.s3.get_object(Bucket="bucket", Key="large")["Body"].read()
    middle = root.s3.get_object(Bucket="bucket", Key="large", Range=f"bytes={PART}-{5 * PART}")["Body"].read()
    assert len(whole) == PART * PARTS
    assert len(middle) == 4 * PART + 1
    grown = server_memory(aws, "VmHWM") - before
    assert grown < 3 * PART, f"{grown >> 20} MB more for an object of {PART * PARTS >> 20} MB"
