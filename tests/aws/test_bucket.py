import hashlib

import pytest
import requests

from chalicelib.aws.bucket import Bucket, ObjectMissing, PresignedPut
from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings

CONTENT = b"the very bytes"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def bucket(clients: Clients, settings: Settings) -> Bucket:
    return Bucket(lambda: clients.s3, settings.bucket_name)


@pytest.fixture
def key() -> str:
    return f"tests/{new_id()}"


def presigned(bucket: Bucket, key: str, seconds: int = 60) -> PresignedPut:
    return bucket.presign_put(key, sha256=SHA256, size=len(CONTENT), seconds=seconds)


def send(put: PresignedPut, content: bytes = CONTENT, headers: dict[str, str] | None = None) -> int:
    answer = requests.put(put.url, data=content, headers={**put.headers, **(headers or {})}, timeout=10)
    return answer.status_code


def test_the_presigned_put_stores_exactly_the_announced_bytes(bucket: Bucket, key: str) -> None:
    assert send(presigned(bucket, key)) == 200
    assert bucket.size(key) == len(CONTENT)
    assert bucket.read_range(key, 4, 7) == b"very"


def test_other_bytes_of_the_same_length_are_refused(bucket: Bucket, key: str) -> None:
    assert send(presigned(bucket, key), CONTENT.upper()) == 400
    assert bucket.size(key) is None


def test_more_bytes_than_announced_are_refused(bucket: Bucket, key: str) -> None:
    longer = CONTENT + b"!"
    assert send(presigned(bucket, key), longer, {"content-length": str(len(longer))}) in {400, 403}
    assert bucket.size(key) is None


def test_another_checksum_header_is_refused(bucket: Bucket, key: str) -> None:
    other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert send(presigned(bucket, key), headers={"x-amz-checksum-sha256": other}) == 403


def test_an_object_is_never_overwritten(bucket: Bucket, key: str) -> None:
    assert send(presigned(bucket, key)) == 200
    assert send(presigned(bucket, key)) == 412


def test_an_address_for_another_key_is_refused(bucket: Bucket, key: str) -> None:
    put = presigned(bucket, key)
    assert send(PresignedPut(put.url.replace(key, key + "x"), put.headers)) == 403


def test_a_download_has_the_type_and_name_it_was_signed_with(bucket: Bucket, key: str) -> None:
    bucket.put_new(key, CONTENT, sha256=SHA256)
    url = bucket.presign_get(
        key, content_type="text/plain", disposition='attachment; filename="a.txt"', seconds=60
    )
    answer = requests.get(url, headers={"Range": "bytes=0-2"}, timeout=10)
    assert (answer.status_code, answer.content) == (206, b"the")
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.txt"'


def test_a_changed_signature_is_refused(bucket: Bucket, key: str) -> None:
    bucket.put_new(key, CONTENT, sha256=SHA256)
    url = bucket.presign_get(key, content_type="text/plain", disposition="inline", seconds=60)
    assert requests.get(url.replace("text%2Fplain", "text%2Fhtml"), timeout=10).status_code == 403


def test_storing_the_same_content_again_is_success(bucket: Bucket, key: str) -> None:
    bucket.put_new(key, CONTENT, sha256=SHA256)
    bucket.put_new(key, CONTENT, sha256=SHA256)
    assert bucket.size(key) == len(CONTENT)


def test_an_absent_object_has_no_size_and_no_bytes(bucket: Bucket, key: str) -> None:
    assert bucket.size(key) is None
    with pytest.raises(ObjectMissing):
        bucket.read_range(key, 0, 1)


def test_a_deleted_object_is_gone_and_deleting_it_again_is_no_error(bucket: Bucket, key: str) -> None:
    bucket.put_new(key, CONTENT, sha256=SHA256)
    bucket.delete(key)
    bucket.delete(key)
    assert bucket.size(key) is None


def test_presigning_needs_no_call(bucket: Bucket, key: str) -> None:
    with metered() as receipt:
        presigned(bucket, key)
    assert receipt.calls == []
