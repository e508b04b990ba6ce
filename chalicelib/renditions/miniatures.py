"""Miniatures that people choose themselves: from another of their files at once, from a picture in the background.

A picture that someone sends is as untrusted as any upload, so it is only put aside here, and a worker draws the
miniature in a confined child. Both lie beside the content's renditions and go with them.
"""

from dataclasses import dataclass

from chalicelib.aws.bucket import Bucket, ObjectMissing
from chalicelib.aws.table import Tables, overloaded
from chalicelib.blobs.models import Rendition
from chalicelib.extraction.attempts import Spent, Work
from chalicelib.extraction.errors import FileFault
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.sniff import WINDOW, sniff
from chalicelib.files.models import File, FileChanged
from chalicelib.files.service import Files
from chalicelib.renditions.models import Picture
from chalicelib.renditions.rules import is_picture, miniature_key
from chalicelib.renditions.studio import draw, in_memory
from chalicelib.renditions.wishes import Wish

TRIES = 4


@dataclass(frozen=True)
class Miniatures:
    """Fulfils wishes; the same wish twice changes nothing the second time."""

    tables: Tables
    files: Files
    bucket: Bucket
    jobs: Jobs

    def fulfil(self, wish: Wish) -> None:
        """Draw a miniature and give it to its file. A picture that cannot be drawn is told in the file's history."""
        found = self.files.get_many([wish.file_id])
        try:
            content = self.bucket.read_range(wish.key, 0, wish.size - 1)
        except ObjectMissing:
            return  # done before, or gone with the file
        if found:
            self._draw(found[0], wish, content)
        self.bucket.delete(wish.key)

    def _draw(self, file: File, wish: Wish, content: bytes) -> None:
        job, _ = self.jobs.begun(file.owner_id, file.sha256, Work.MINIATURE, 1)
        sniffed = sniff(content[:WINDOW])
        code = None if is_picture(sniffed) else "type_not_allowed"
        try:
            if code is None:
                self._give(file, wish, draw(in_memory(content), sniffed).thumbnail)
        except FileFault as fault:
            code = fault.code
        spent = Spent(len(content), 1)
        self.tables.commit([self.jobs.done(file.owner_id, file.sha256, job, code, spent)])

    def _give(self, file: File, wish: Wish, picture: Picture) -> None:
        key = miniature_key(file, wish.digest, picture.mime_type)
        self.bucket.put(key, picture.content, content_type=picture.mime_type)
        own = Rendition(key, picture.mime_type, len(picture.content), picture.width, picture.height)
        for _ in range(TRIES):
            found = self.files.get_many([file.id])
            if not found:
                return
            renditions = found[0].renditions | {"thumbnail": own}
            try:
                self.tables.commit(self.files.changed(found[0], renditions=renditions)[1])
            except FileChanged:
                continue
            return
        raise overloaded()
