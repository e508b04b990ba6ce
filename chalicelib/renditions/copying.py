"""Makes the copies without metadata that were asked for, in the extraction function."""

from dataclasses import dataclass

from chalicelib.aws.bucket import Bucket, ObjectMissing
from chalicelib.blobs.models import object_key
from chalicelib.extraction.attempts import Spent, Work
from chalicelib.extraction.jobs import Jobs
from chalicelib.files.copies import MOST_BYTES, STRIPPED, copy_key, failure_key
from chalicelib.files.models import File, Status
from chalicelib.files.service import Files
from chalicelib.renditions.bare import Unstrippable, bare

DAMAGED = "damaged"


@dataclass(frozen=True)
class Copying:
    """Makes copies; the same one asked for twice is made once."""

    files: Files
    bucket: Bucket
    jobs: Jobs

    def make(self, file_id: str) -> None:
        """Make the copy of a file's content, or mark that there can be none; safe to repeat.

        A file that is still being examined is left for the next who asks.
        """
        found = self.files.get_many([file_id])
        if not found or found[0].status is not Status.READY:
            return
        file = found[0]
        if file.mime_type not in STRIPPED or file.size > MOST_BYTES or self._is_done(file):
            return
        try:
            content = self.bucket.read(object_key(file.owner_id, file.sha256))
        except ObjectMissing:
            return  # it has gone with its file
        job, _ = self.jobs.begun(file.owner_id, file.sha256, Work.COPY, 1)
        code = self._make(file, content)
        spent = Spent(len(content), 1)
        self.files.tables.commit([self.jobs.done(file.owner_id, file.sha256, job, code, spent)])

    def _is_done(self, file: File) -> bool:
        return any(self.bucket.size(key) is not None for key in (copy_key(file), failure_key(file)))

    def _make(self, file: File, content: bytes) -> str | None:
        try:
            copy = bare(file.mime_type, content)
        except Unstrippable:
            self.bucket.put(failure_key(file), b"", content_type="application/octet-stream")
            return DAMAGED
        self.bucket.put(copy_key(file), copy, content_type=file.mime_type)
        return None
