"""A write of an object is cut before each of its file operations; a restart sees the old object or the new one."""

import importlib.util
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.local.embedded_aws.s3_assembly import PartFiles
from infra.local.embedded_aws.s3_objects import DurableObjects, FileOperations, recover

# MiniStack calls datetime.utcnow.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

BUCKET, KEY = "bucket", "folder/key"


class Stored(NamedTuple):
    body: bytes
    content_type: str


OLD, NEW = Stored(b"old bytes", "text/old"), Stored(b"new and longer bytes", "text/new")
RETAGGED = Stored(OLD.body, "text/retagged")


class Cut(BaseException):
    """Like a kill: no handler of ordinary errors sees it."""


class CutFiles(FileOperations):
    """File operations of which the n-th does not happen any more."""

    def __init__(self, cut_before: int, error: BaseException) -> None:
        super().__init__()
        self._left, self._error = cut_before, error

    def _step(self) -> None:
        if self._left == 0:
            raise self._error
        self._left -= 1

    def make_folder(self, folder: Path) -> None:
        self._step()
        super().make_folder(folder)

    def create(self, path: Path) -> int:
        self._step()
        return super().create(path)

    def fill(self, descriptor: int, content: bytes | PartFiles) -> None:
        if self._left == 0 and isinstance(content, bytes):
            super().fill(descriptor, content[: len(content) // 2])  # a part of it got through
        self._step()
        super().fill(descriptor, content)

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)


class Bucket:
    """One bucket of an own instance of MiniStack's S3, on disk in `folder`."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.find_spec("ministack.services.s3")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.s3: Any = module
        self.folder = folder
        vars(self.s3).update(DATA_DIR=str(folder), S3_PERSIST=True)
        self.original_meta = self.s3._object_meta_from_record

    def write(self, stored: Stored, files: FileOperations, *, sidecar_only: bool = False) -> None:
        self.s3._object_meta_from_record = self.original_meta
        objects = DurableObjects(self.s3, files)
        objects.install()
        headers = {"content-type": stored.content_type}
        etag = f'"{self.s3.md5_hash(stored.body)}"'
        record = self.s3._build_object_record(stored.body, headers, etag=etag, checksums={})
        if sidecar_only:
            record["body"] = None
        objects.persist_object(BUCKET, KEY, record)

    def after_restart(self) -> Stored | None:
        """What is there after a restart; a mixture of bytes and sidecar fails."""
        recover(self.folder)
        self.s3._buckets._data.clear()
        self.s3._load_persisted_data()
        bucket = self.s3._buckets._data.get((self.s3.get_account_id(), BUCKET), {"objects": {}})
        record = bucket["objects"].get(KEY)
        if record is None:
            return None
        body = self.s3._read_body(BUCKET, KEY, record)
        assert record["etag"] == f'"{self.s3.md5_hash(body)}"'
        assert record["size"] == len(body)
        return Stored(body, record["content_type"])


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    logging.disable(logging.ERROR)
    yield Bucket(tmp_path)
    logging.disable(logging.NOTSET)


# A write of bytes: make the folder, create and fill two files, two renames. The last number cuts nothing.
WHOLE, SIDECAR = 7, 4


def cut(bucket: Bucket, stored: Stored, step: int, *, sidecar_only: bool = False) -> bool:
    """Write with a cut before an operation; whether the write got through."""
    try:
        bucket.write(stored, CutFiles(step, Cut()), sidecar_only=sidecar_only)
    except Cut:
        return False
    return True


@pytest.mark.parametrize("step", range(WHOLE + 1))
def test_a_cut_new_object_is_absent_or_whole(bucket: Bucket, step: int) -> None:
    through = cut(bucket, NEW, step)
    assert through == (step == WHOLE)
    assert bucket.after_restart() in ((NEW,) if through else (None, NEW))


@pytest.mark.parametrize("step", range(WHOLE + 1))
def test_a_cut_overwrite_leaves_the_old_object_or_the_new_one(bucket: Bucket, step: int) -> None:
    bucket.write(OLD, FileOperations())
    through = cut(bucket, NEW, step)
    assert through == (step == WHOLE)
    assert bucket.after_restart() in ((NEW,) if through else (OLD, NEW))


@pytest.mark.parametrize("step", range(SIDECAR + 1))
def test_a_cut_change_of_metadata_leaves_the_old_or_the_new(bucket: Bucket, step: int) -> None:
    bucket.write(OLD, FileOperations())
    through = cut(bucket, RETAGGED, step, sidecar_only=True)
    assert through == (step == SIDECAR)
    assert bucket.after_restart() in ((RETAGGED,) if through else (OLD, RETAGGED))


def test_recovery_leaves_no_temporary_files(bucket: Bucket) -> None:
    bucket.write(OLD, FileOperations())
    for step in range(WHOLE):
        cut(bucket, NEW, step)
        bucket.after_restart()
        assert not list(bucket.folder.rglob("*.tmp"))


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_full_disk_fails_the_write_and_keeps_the_old_object(bucket: Bucket, step: int) -> None:
    bucket.write(OLD, FileOperations())
    with pytest.raises(OSError, match="No space left"):
        bucket.write(NEW, CutFiles(step, OSError("No space left")))
    assert not list(bucket.folder.rglob("*.tmp"))
    assert bucket.after_restart() == OLD
