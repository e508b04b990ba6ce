"""S3's multipart uploads: how content larger than one PUT comes in, and how it goes on after an interruption.

Each part is a presigned request with its checksum and length signed, so S3 itself verifies it. The finished object
carries the composite checksum: SHA-256 over the parts' SHA-256 digests (AWS: "Checking object integrity", "Using
part-level checksums"). S3's own list of parts is the truth about what has arrived; nothing of it is kept elsewhere.

IAM: s3:PutObject (creates, signs and completes), s3:ListMultipartUploadParts, s3:AbortMultipartUpload on the objects,
s3:ListBucketMultipartUploads on the bucket.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.aws.bucket import PresignedPut, base64_of_hex, hex_of_base64
from chalicelib.core.errors import Conflict, NotFound

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict"}


class KeyTaken(Conflict):
    """An object lies under the key already; it was not overwritten."""


class MultipartGone(NotFound):
    """S3 knows no such multipart upload: it was completed or aborted."""


@dataclass(frozen=True)
class Part:
    """A part that S3 has: its number from 1, its size in bytes, its SHA-256 as hex."""

    number: int
    size: int
    sha256: str
    etag: str


@dataclass(frozen=True)
class OpenMultipart:
    """A multipart upload that was neither completed nor aborted."""

    key: str
    id: str
    begun_at: datetime


@dataclass(frozen=True)
class OpenPage:
    """Some open uploads, and where to go on (None: that was all)."""

    uploads: list[OpenMultipart]
    next: dict[str, str] | None


def composite_of(parts: Sequence[Part]) -> str:
    """Return the composite checksum of parts in the order of their numbers, as hex."""
    return hashlib.sha256(b"".join(bytes.fromhex(part.sha256) for part in parts)).hexdigest()


class MultipartBucket:
    """The multipart uploads of one bucket."""

    def __init__(self, client: Callable[[], "S3Client"], name: str) -> None:
        self._client = client
        self._name = name

    def create(self, key: str) -> str:
        """Begin a multipart upload to a key and return its id."""
        return self._client().create_multipart_upload(
            Bucket=self._name, Key=key, ChecksumAlgorithm="SHA256", ChecksumType="COMPOSITE"
        )["UploadId"]

    def presign_part(self, key: str, id_: str, part: Part, seconds: int) -> PresignedPut:
        """Return the signed PUT of exactly this part; no call is made."""
        checksum = base64_of_hex(part.sha256)
        url = self._client().generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._name,
                "Key": key,
                "UploadId": id_,
                "PartNumber": part.number,
                "ContentLength": part.size,
                "ChecksumSHA256": checksum,
            },
            ExpiresIn=seconds,
        )
        return PresignedPut(url, {"content-length": str(part.size), "x-amz-checksum-sha256": checksum})

    def put_part(self, key: str, id_: str, number: int, content: bytes) -> Part:
        """Send a part (at least 5 MiB, but for the last), whatever was under its number. Raises MultipartGone."""
        sha256 = hashlib.sha256(content).hexdigest()
        try:
            answer = self._client().upload_part(
                Bucket=self._name,
                Key=key,
                UploadId=id_,
                PartNumber=number,
                Body=content,
                ChecksumSHA256=base64_of_hex(sha256),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                raise MultipartGone("S3 has no such upload.") from error
            raise
        return Part(number, len(content), sha256, answer["ETag"])

    def parts(self, key: str, id_: str) -> list[Part]:
        """Return the parts that have arrived, by number; one call for a thousand. Raises MultipartGone."""
        pages = self._client().get_paginator("list_parts").paginate(Bucket=self._name, Key=key, UploadId=id_)
        try:
            return [
                Part(one["PartNumber"], one["Size"], hex_of_base64(one["ChecksumSHA256"]), one["ETag"])
                for page in pages
                for one in page.get("Parts", [])
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                raise MultipartGone("S3 has no such upload.") from error
            raise

    def complete(self, key: str, id_: str, parts: Sequence[Part]) -> None:
        """Join the parts to the object; S3 checks their composite checksum. Raises KeyTaken, MultipartGone."""
        named = [
            {"PartNumber": part.number, "ETag": part.etag, "ChecksumSHA256": base64_of_hex(part.sha256)}
            for part in parts
        ]
        try:
            self._client().complete_multipart_upload(
                Bucket=self._name,
                Key=key,
                UploadId=id_,
                MultipartUpload={"Parts": named},  # type: ignore[typeddict-item]  # keys as boto3 has them
                ChecksumSHA256=f"{base64_of_hex(composite_of(parts))}-{len(parts)}",
                ChecksumType="COMPOSITE",
                IfNoneMatch="*",
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in TAKEN:
                raise KeyTaken("The content is there already.") from error
            if code == "NoSuchUpload":
                raise MultipartGone("S3 has no such upload.") from error
            raise

    def abort(self, key: str, id_: str) -> None:
        """Give a multipart upload up and free its parts; one that is gone is aborted already."""
        try:
            self._client().abort_multipart_upload(Bucket=self._name, Key=key, UploadId=id_)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise

    def list_open(self, prefix: str, after: Mapping[str, str], *, limit: int) -> OpenPage:
        """Return up to `limit` (at most 1,000) open uploads under a prefix, going on where a page told; one call."""
        answer = self._client().list_multipart_uploads(
            Bucket=self._name,
            Prefix=prefix,
            MaxUploads=limit,
            KeyMarker=after.get("key", ""),
            UploadIdMarker=after.get("id", ""),
        )
        found = [
            OpenMultipart(one["Key"], one["UploadId"], one["Initiated"]) for one in answer.get("Uploads", [])
        ]
        following = {"key": answer.get("NextKeyMarker", ""), "id": answer.get("NextUploadIdMarker", "")}
        return OpenPage(found, following if answer.get("IsTruncated") else None)
