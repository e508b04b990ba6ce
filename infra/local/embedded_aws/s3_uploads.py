"""Multipart uploads that survive a kill: parts on disk, their descriptions in the journal.

MiniStack keeps uploads in progress in memory. Here a part's bytes go to a file when it arrives (so they
also stop using memory) and the upload's description to the journal; a completed upload's answer is kept
there for a day, so a retried CompleteMultipartUpload is answered as before.
"""

import asyncio
import functools
import json
import mmap
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

from .emulator import Answer, Module, Record
from .journal import Journal, dumps
from .s3_assembly import PartBody, assembling, is_plain
from .s3_objects import FileOperations

COMPLETED_KEPT_SECONDS = 24 * 3600
REMOVE_AFTER_SECONDS = 2  # so that the rows are certainly gone before the files

type Operation = Callable[..., Answer]


class StoredPart(dict[str, Any]):
    """A part's record; its ["body"] is the mapped file, which costs no memory."""

    def __init__(self, fields: Record, path: Path) -> None:
        super().__init__(fields)
        self.path = path

    def __getitem__(self, field: str) -> Any:
        if field != "body":
            return super().__getitem__(field)
        with self.path.open("rb") as file:
            empty = self.path.stat().st_size == 0
            return b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def get(self, field: str, default: Any = None) -> Any:
        """As `dict.get`, with the body."""
        return self[field] if field == "body" else super().get(field, default)


class DurableUploads:
    """Writes and restores the uploads of one `ministack.services.s3` module; part files live in `folder`."""

    def __init__(self, s3: Module, journal: Journal, folder: Path, files: FileOperations) -> None:
        self._s3, self._journal, self._folder, self._files = s3, journal, folder, files

    def install(self) -> None:
        """Put the writing versions into the module."""
        wrappers: dict[str, Callable[[Any], Operation]] = {
            "_create_multipart_upload": self._creating,
            "_upload_part": self._storing_part,
            "_upload_part_copy": self._storing_part,
            "_complete_multipart_upload": self._completing,
            "_abort_multipart_upload": self._aborting,
        }
        for name, wrapper in wrappers.items():
            setattr(self._s3, name, wrapper(getattr(self._s3, name)))

    def _creating(self, original: Operation) -> Operation:
        @functools.wraps(original)
        def call(*args: object) -> Answer:
            uploads = self._s3._multipart_uploads
            before = set(uploads)
            answer = original(*args)
            for upload_id in set(uploads) - before:
                fields = {name: value for name, value in uploads[upload_id].items() if name != "parts"}
                self._journal.put_state(self._row(upload_id), dumps(fields))
            return answer

        return call

    def _storing_part(self, original: Operation) -> Operation:
        @functools.wraps(original)
        def call(*args: Any) -> Answer:
            answer = original(*args)
            if answer[0] == 200:  # noqa: PLR2004 - HTTP's OK
                query_params = args[-2]  # UploadPart and UploadPartCopy both end in (query_params, headers)
                self._store_part(query_params)
            return answer

        return call

    def _store_part(self, query_params: Record) -> None:
        upload_id = self._s3._qp(query_params, "uploadId")
        number = int(self._s3._qp(query_params, "partNumber", "1"))
        parts = self._s3._multipart_uploads[upload_id]["parts"]
        folder = self._folder / upload_id
        self._files.make_folder(folder)
        path = folder / f"{number}-{uuid.uuid4().hex[:8]}"  # a new file: the row decides which one counts
        self._files.write(path, parts[number]["body"])
        self._files.sync_folder(folder)
        fields = {name: value for name, value in parts[number].items() if name != "body"}
        parts[number] = StoredPart(fields, path)
        self._journal.put_state(self._row(upload_id, str(number)), dumps({**fields, "file": path.name}))

    def _completing(self, original: FunctionType) -> Operation:
        @functools.wraps(original)
        def call(bucket: str, key: str, body: bytes, query_params: Record, *headers: Any) -> Answer:
            upload_id = self._s3._qp(query_params, "uploadId")
            upload = self._s3._multipart_uploads.get(upload_id)
            with self._light_parts(original, bucket, upload) as complete:
                answer = complete(bucket, key, body, query_params, *headers)
            if upload is not None and upload_id not in self._s3._multipart_uploads:
                self._completed(upload_id, key, answer)
            return answer

        return call

    @contextmanager
    def _light_parts(self, original: FunctionType, bucket: str, upload: Record | None) -> Iterator[Operation]:
        """The function that completes the upload; meanwhile its parts have no bytes, where that is possible."""
        if upload is None or not is_plain(self._s3, bucket):
            yield original
            return
        parts = upload["parts"]
        upload["parts"] = {
            number: {**part, "body": PartBody.of(part.path, part)} for number, part in parts.items()
        }
        try:
            yield assembling(self._s3, original, upload)
        finally:
            upload["parts"] = parts  # the request may have been refused

    def _completed(self, upload_id: str, key: str, answer: Answer) -> None:
        status, headers, text = answer
        entry = {"key": key, "at": time.time(), "response": [status, headers, text.decode()]}
        name = f"completed/{self._s3.get_account_id()}/{upload_id}"
        self._journal.put_state(name, dumps(entry))
        self._forget(upload_id)

    def _aborting(self, original: Operation) -> Operation:
        @functools.wraps(original)
        def call(bucket: str, key: str, query_params: Record) -> Answer:
            answer = original(bucket, key, query_params)
            if answer[0] == 204:  # noqa: PLR2004 - HTTP's No Content
                self._forget(self._s3._qp(query_params, "uploadId"))
            return answer

        return call

    def _row(self, upload_id: str, *rest: str) -> str:
        return "/".join(("upload", self._s3.get_account_id(), upload_id, *rest))

    def _forget(self, upload_id: str) -> None:
        row = self._row(upload_id)
        self._journal.delete_state(row)
        self._journal.delete_states(f"{row}/*")
        # `load` sweeps what a kill leaves.
        loop, folder = asyncio.get_running_loop(), self._folder / upload_id
        loop.call_later(REMOVE_AFTER_SECONDS, lambda: shutil.rmtree(folder, ignore_errors=True))

    def load(self) -> int:
        """Restore open uploads and answers of completed ones; the number of open uploads."""
        uploads = self._load_uploads()
        self._s3._multipart_uploads._data.update(uploads)
        self._load_completed()
        wanted = {part.path for upload in uploads.values() for part in upload["parts"].values()}
        known = {upload_id for _account, upload_id in uploads}
        for folder in self._folder.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            for path in set(folder.iterdir()) - wanted:  # parts that were sent again
                path.unlink()
        return len(uploads)

    def forget(self) -> None:
        """MiniStack was reset: all parts go."""
        for folder in self._folder.iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def _load_uploads(self) -> dict[tuple[str, str], Record]:
        uploads: dict[tuple[str, str], Record] = {}
        for name, text in self._journal.states("upload/*"):  # an upload's row sorts before its parts'
            _, account, upload_id, *part = name.split("/")
            fields = json.loads(text)
            if not part:
                uploads[account, upload_id] = {**fields, "parts": {}}
                continue
            path = self._folder / upload_id / fields.pop("file")
            if (account, upload_id) in uploads and path.exists():
                uploads[account, upload_id]["parts"][int(part[0])] = StoredPart(fields, path)
        return uploads

    def _load_completed(self) -> None:
        for name, text in self._journal.states("completed/*"):
            _, account, upload_id = name.split("/")
            entry = json.loads(text)
            if time.time() - entry["at"] > COMPLETED_KEPT_SECONDS:
                self._journal.delete_state(name)
                continue
            status, headers, body = entry["response"]
            answer = (status, headers, body.encode())
            self._s3._completed_multipart_uploads._data[account, upload_id] = {
                "key": entry["key"],
                "response": answer,
            }
