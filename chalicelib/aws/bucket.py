"""S3: presigned addresses for clients, ranged reads for extraction.

Bytes never pass through a function but for small form uploads. A presigned PUT signs checksum, length and
`if-none-match`, so S3 itself refuses other bytes, other sizes, and to overwrite (AWS: "Checking object integrity",
"Conditional writes").

IAM: s3:PutObject, s3:GetObject, s3:DeleteObject on the objects, s3:ListBucket on the bucket
(without it, HEAD of an absent object answers 403 instead of 404).
"""

import base64
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.core.errors import NotFound

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PRECONDITION_FAILED = "412"
ABSENT_CODES = {"404", "NoSuchKey", "NotFound"}


class ObjectMissing(NotFound):
    """An object that was expected is not in the bucket."""


@dataclass(frozen=True)
class PresignedPut:
    """A request that a client may send as it stands until it expires."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class StoredObject:
    """An object in the bucket."""

    key: str
    size: int


class Bucket:
    """One bucket."""

    def __init__(self, client: Callable[[], "S3Client"], name: str) -> None:
        self._client = client
        self._name = name

    def presign_put(self, key: str, *, sha256: str, size: int, seconds: int) -> PresignedPut:
        """Return the signed PUT of exactly these bytes (SHA-256 as hex, size in bytes) to a key not yet taken."""
        checksum = base64_of_hex(sha256)
        url = self._client().generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._name,
                "Key": key,
                "ContentLength": size,
                "ChecksumSHA256": checksum,
                "IfNoneMatch": "*",
            },
            ExpiresIn=seconds,
        )
        headers = {"content-length": str(size), "x-amz-checksum-sha256": checksum, "if-none-match": "*"}
        return PresignedPut(url, headers)

    def presign_get(self, key: str, *, content_type: str, disposition: str, seconds: int) -> str:
        """Return the signed address of an object, served under the given type and Content-Disposition."""
        return self._client().generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._name,
                "Key": key,
                "ResponseContentType": content_type,
                "ResponseContentDisposition": disposition,
            },
            ExpiresIn=seconds,
        )

    def put_new(self, key: str, body: bytes, *, sha256: str) -> None:
        """Store bytes under a key; finding the key taken is success, as keys name their content."""
        try:
            self._client().put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ChecksumSHA256=base64_of_hex(sha256),
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in {PRECONDITION_FAILED, "PreconditionFailed"}:
                raise

    def read_range(self, key: str, first: int, last: int) -> bytes:
        """Read the bytes from `first` to `last`, both included. Raises ObjectMissing."""
        try:
            answer = self._client().get_object(Bucket=self._name, Key=key, Range=f"bytes={first}-{last}")
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                raise ObjectMissing("There is no such object.") from error
            raise
        return answer["Body"].read()

    def read(self, key: str) -> bytes:
        """Read a small object whole. Raises ObjectMissing."""
        return b"".join(self.stream(key, 0, 1 << 20))

    def stream(self, key: str, first: int, size: int) -> Iterator[bytes]:
        """Yield an object's bytes from `first` on, `size` at a time, in one call. Raises ObjectMissing."""
        ranged = {"Range": f"bytes={first}-"} if first else {}
        try:
            answer = self._client().get_object(Bucket=self._name, Key=key, **ranged)  # type: ignore[arg-type] # a Range or nothing
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                raise ObjectMissing("There is no such object.") from error
            raise
        with contextlib.closing(answer["Body"]) as body:
            while chunk := body.read(size):
                yield chunk

    def size(self, key: str) -> int | None:
        """Return an object's size in bytes, or None when there is none."""
        try:
            return self._client().head_object(Bucket=self._name, Key=key)["ContentLength"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                return None
            raise

    def composite(self, key: str) -> str | None:
        """Return the composite checksum (hex) of an object that came in parts; None when it came whole or is absent."""
        try:
            found = self._client().head_object(Bucket=self._name, Key=key, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                return None
            raise
        checksum, dash, _ = found.get("ChecksumSHA256", "").partition("-")
        return hex_of_base64(checksum) if dash else None

    def tags(self, key: str) -> dict[str, str]:
        """Return an object's tags; none for an object that is not there."""
        try:
            found = self._client().get_object_tagging(Bucket=self._name, Key=key)["TagSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                return {}
            raise
        return {tag["Key"]: tag["Value"] for tag in found}

    def list_objects(self, prefix: str, after: str | None, *, limit: int) -> list[StoredObject]:
        """Return up to `limit` (at most 1,000) objects under a prefix in the order of their keys, after a key."""
        answer = self._client().list_objects_v2(
            Bucket=self._name, Prefix=prefix, StartAfter=after or "", MaxKeys=limit
        )
        return [StoredObject(one["Key"], one["Size"]) for one in answer.get("Contents", [])]

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        self._client().delete_object(Bucket=self._name, Key=key)

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store bytes under a key, whatever was there."""
        self._client().put_object(Bucket=self._name, Key=key, Body=body, ContentType=content_type)

    def copy(self, source: str, key: str) -> None:
        """Copy an object inside the bucket. Raises ObjectMissing."""
        try:
            self._client().copy_object(
                Bucket=self._name, Key=key, CopySource={"Bucket": self._name, "Key": source}
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in ABSENT_CODES:
                raise ObjectMissing("There is no such object.") from error
            raise

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin so, at most 1,000."""
        answer = self._client().list_objects_v2(Bucket=self._name, Prefix=prefix)
        return [found["Key"] for found in answer.get("Contents", [])]

    def check(self) -> None:
        """Raise unless the bucket answers."""
        self._client().head_bucket(Bucket=self._name)


def base64_of_hex(digest: str) -> str:
    """Return a digest in the form of S3's checksum headers."""
    return base64.b64encode(bytes.fromhex(digest)).decode()


def hex_of_base64(checksum: str) -> str:
    """Return a checksum of S3 as hex."""
    return base64.b64decode(checksum).hex()
