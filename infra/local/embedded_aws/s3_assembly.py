"""CompleteMultipartUpload that joins the parts on disk instead of in memory.

MiniStack joins all parts to one bytes object: completing a 4 GB upload would take 4 GB of memory. Here its
own code still checks the request and makes the answer, with parts that have a length and a known digest but
no bytes; the file is assembled when the object is persisted. Buckets with versioning or replication, which
want the bytes, are completed by the original code.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, SimpleNamespace
from typing import Any, Self

from .emulator import Answer, Module, Record
from .patched_call import with_globals

COPY_BYTES = 1 << 30  # per system call


class PartBody(bytes):
    """Stands for the bytes of a stored part: it knows their number and digest, and joins to nothing."""

    path: Path
    _size: int
    _digest: bytes

    @classmethod
    def of(cls, path: Path, record: Record) -> Self:
        """The body of a part whose ETag is the MD5 of its bytes."""
        made = cls()
        made.path = path
        made._size = record["size"]
        made._digest = bytes.fromhex(record["etag"].strip('"'))
        return made

    def __len__(self) -> int:
        return self._size

    def digest(self) -> bytes:
        """The MD5 of the bytes."""
        return self._digest


class PartFiles(list[Path]):
    """The body of an object that is to be assembled from part files."""

    def write_to(self, descriptor: int) -> None:
        """Append all parts to an open file; the kernel copies."""
        for path in self:
            source = os.open(path, os.O_RDONLY)
            try:
                while os.sendfile(descriptor, source, None, COPY_BYTES):
                    pass
            finally:
                os.close(source)


def _md5(body: bytes) -> Any:
    return body if isinstance(body, PartBody) else hashlib.md5(body)  # noqa: S324 - S3's ETag is an MD5


def is_plain(s3: Module, bucket: str) -> bool:
    """Whether nobody but the object's own file wants the bytes of a new object."""
    return not s3._bucket_versioning.get(bucket) and not s3._bucket_replication.get(bucket)


def assembling(s3: Module, original: FunctionType, upload: Record) -> Callable[..., Answer]:
    """`_complete_multipart_upload` for an upload whose parts' bodies are `PartBody`."""

    def announce(_bucket: str, _key: str, record: Record, _joined: bytes) -> None:
        # Called between the making of the record and its announcement; the parts are those of the request.
        numbers = [part["PartNumber"] for part in record["parts"]]
        record["body"] = PartFiles(upload["parts"][number]["body"].path for number in numbers)
        record["size"] = sum(part["Size"] for part in record["parts"])

    replacements = {"hashlib": SimpleNamespace(md5=_md5), "_maybe_replicate": announce}
    return with_globals(s3, original, replacements)
