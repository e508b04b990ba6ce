"""S3 objects on disk that a kill can not tear.

MiniStack (S3_PERSIST=1) writes an object's bytes, then its sidecar of metadata, each by rename, before the
reply. A kill between the two renames of an OVERWRITE leaves new bytes under the old sidecar: an object that
was acknowledged long ago answers with a wrong length and ETag. Here both temporary files are complete
before the first rename, and `recover` finishes or undoes a half-done pair at start. The sidecar also keeps
`parts` and `checksum_type`, which MiniStack forgets, and a full disk fails the request (MiniStack logs a
warning and answers 200).
"""

import contextlib
import json
import os
from pathlib import Path
from typing import NamedTuple

from .emulator import Module, Record
from .s3_assembly import PartFiles

DATA_TMP, META, META_TMP = ".tmp", ".meta.json", ".meta.json.tmp"
KEPT_FIELDS = ("parts", "checksum_type")


class Recovered(NamedTuple):
    """How many writes that a kill interrupted were finished and undone."""

    finished: int
    undone: int


class FileOperations:
    """The steps of a write; a test cuts them off one by one."""

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync

    def make_folder(self, folder: Path) -> None:
        """Make a folder for objects."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path) -> int:
        """Open an empty file that only its owner may read; its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def fill(self, descriptor: int, content: bytes | PartFiles) -> None:
        """Write the content and close the file."""
        with os.fdopen(descriptor, "wb") as file:
            if isinstance(content, PartFiles):
                content.write_to(descriptor)
            else:
                file.write(content)
            if self._fsync:
                file.flush()
                os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Put a finished file in the place of another, at once."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file."""
        path.unlink()

    def sync_folder(self, folder: Path) -> None:
        """Make renames in the folder survive a power cut, if that is asked for."""
        if not self._fsync:
            return
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def write(self, path: Path, content: bytes | PartFiles) -> None:
        """Write a whole file."""
        self.fill(self.create(path), content)


def recover(objects: Path) -> Recovered:
    """Finish or undo the object writes a kill interrupted. Runs before MiniStack reads the folder.

    A write makes KEY.tmp and KEY.meta.json.tmp, renames the first, then the second. So a sidecar temporary
    without a data temporary belongs to bytes already in place (or to a change of the sidecar alone): it is
    renamed. Anything else was not acknowledged: it is removed.
    """
    finished = undone = 0
    for folder, _folders, files in os.walk(objects):
        temporary = {name for name in files if name.endswith(DATA_TMP)}
        for name in temporary:
            path = Path(folder, name)
            data_in_place = (
                name.endswith(META_TMP) and name.removesuffix(META_TMP) + DATA_TMP not in temporary
            )
            if data_in_place and _is_json(path):
                path.replace(path.with_name(name.removesuffix(DATA_TMP)))
                finished += 1
            else:
                path.unlink()
                undone += 1
    return Recovered(finished, undone)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


class DurableObjects:
    """Replaces `_persist_object` of one `ministack.services.s3` module."""

    def __init__(self, s3: Module, files: FileOperations) -> None:
        self._s3, self._files = s3, files

    def install(self) -> None:
        """Put the replacements into the module."""
        self._meta_from_record = self._s3._object_meta_from_record
        self._s3._object_meta_from_record = self.object_meta
        self._s3._persist_object = self.persist_object

    def object_meta(self, record: Record) -> Record:
        """The sidecar of an object, with what MiniStack leaves out."""
        kept = {field: record[field] for field in KEPT_FIELDS if record.get(field)}
        return {**self._meta_from_record(record), **kept}

    def persist_object(self, bucket: str, key: str, record: Record) -> None:
        """Write an object, or its sidecar alone when its bytes are on disk already; may raise `OSError`."""
        s3, files = self._s3, self._files
        path = Path(s3._object_disk_path(bucket, key))
        data_tmp, meta_tmp = (path.with_name(path.name + suffix) for suffix in (DATA_TMP, META_TMP))
        files.make_folder(path.parent)
        meta = {**s3._object_meta_from_record(record), **s3._key_history_meta(bucket, key), "key": key}
        body = record.get("body")
        try:
            if body is not None:
                files.write(data_tmp, body)
            files.write(meta_tmp, json.dumps(meta).encode())
        except OSError:
            for leftover in (meta_tmp, data_tmp):
                with contextlib.suppress(OSError):
                    files.remove(leftover)
            raise  # MiniStack answers 500: the object is not on disk, so it was not stored
        if body is not None:
            files.rename(data_tmp, path)
        files.rename(meta_tmp, path.with_name(path.name + META))
        files.sync_folder(path.parent)
        self._release(bucket, key, record)
        base = Path(s3.DATA_DIR, s3.get_account_id(), bucket)
        s3._remove_key_files(s3._other_key_disk_path(str(base), key, str(path)))

    def _release(self, bucket: str, key: str, record: Record) -> None:
        """Let go of the bytes: MiniStack reads the object, and a version of it, back from the file."""
        record["body"] = None
        for version in self._s3._object_versions.get((bucket, key)) or ():
            if version["version_id"] == (record.get("version_id") or "null"):
                version["data"] = None

    def load(self) -> None:
        """Give multipart objects that MiniStack has read back what its reader leaves out."""
        for (account, bucket), contents in self._s3._buckets._data.items():
            for key, record in contents["objects"].items():
                if "-" in (record.get("etag") or ""):
                    self._load_kept_fields(account, bucket, key, record)

    def _load_kept_fields(self, account: str, bucket: str, key: str, record: Record) -> None:
        with contextlib.suppress(OSError, ValueError):
            path = Path(self._s3._object_disk_path(bucket, key, account) + META)
            meta = json.loads(path.read_bytes())
            record.update({field: meta[field] for field in KEPT_FIELDS if meta.get(field)})
