"""The kind of export that is a ZIP archive of files.

First it is settled which files go in, under which names: a plan, kept as an object beside the archive. Then file after
file is streamed from storage into the archive, at most a few mebibytes of it in memory at a time. A file that was
thrown away, erased, or is no longer shared with the one who asked when its turn comes is left out.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from chalicelib.blobs.models import object_key
from chalicelib.catalogue.models import Criteria
from chalicelib.catalogue.service import EVERYTHING, NEWEST_FIRST
from chalicelib.core.caller import Caller, Role
from chalicelib.exports.models import Export, Piece, Unmakeable, Wanted
from chalicelib.exports.names import unique
from chalicelib.exports.packing import CHUNK, Packing, Place, Planned
from chalicelib.files.access import seen_by
from chalicelib.files.models import File, Permission
from chalicelib.files.rules import SERVABLE, unknown_file
from chalicelib.files.service import Files

ARCHIVE = "archive"
PAGE = 100
MOST_FILES = 10_000
MOST_BYTES = 40 << 30
"""S3 takes 10,000 parts, of 5 MiB each."""
PLAIN = frozenset(
    {"application/json", "application/rtf", "image/svg+xml", "image/bmp", "image/x-ms-bmp", "audio/x-aiff"}
    | {"audio/aiff", "audio/wav", "audio/x-wav", "audio/vnd.wave", "application/msword"}
    | {"application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
)
"""Besides text, the types whose content is not compressed already."""


@dataclass(frozen=True)
class Archive:
    """Which files: those with these ids, or those of one's own that fit."""

    file_ids: tuple[str, ...] | None
    criteria: Criteria = EVERYTHING


_archives = TypeAdapter(Archive)
_plans = TypeAdapter(list[Planned])


def wanted(archive: Archive, filename: str, expected: int | None) -> Wanted:
    """Return the export of an archive."""
    return Wanted(ARCHIVE, _archives.dump_json(archive).decode(), filename, "application/zip", expected)


@dataclass(frozen=True)
class Archiving:
    """Makes archives."""

    files: Files
    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES
    chunk: int = CHUNK

    def check(self, caller: Caller, file_ids: tuple[str, ...]) -> None:
        """Raise FileNotFound or PermissionMissing unless the caller may download all these files."""
        theirs = {file.id for file in self._among(caller.user_id, file_ids)}
        for file_id in file_ids:
            if file_id not in theirs:
                self.files.seen(caller, file_id, Permission.DOWNLOAD)
                raise unknown_file()

    def __call__(self, export: Export) -> Iterator[Piece]:
        """Yield the pieces from the export's position on. Raises Unmakeable."""
        if export.position is None:
            plan = self._plan(export)
            place = Place(f"{export.folder}plan-{export.version}")
            self.files.bucket.put(place.plan, _plans.dump_json(plan), content_type="application/json")
            size = sum(planned.size for planned in plan)
            yield Piece(b"", 0, place.to_text(), expected=len(plan), expected_size=size)
        else:
            place = Place.from_text(export.position)
            plan = _plans.validate_json(self.files.bucket.read(place.plan))
        memory = self.files.bucket.read(export.memory) if export.memory and place.done else b""

        def present(some: list[Planned]) -> set[str]:
            return {file.id for file in self._among(export.owner_id, [one.file_id for one in some])}

        yield from Packing(self.files.bucket, plan, place, bytearray(memory), present, self.chunk).pieces()

    def _plan(self, export: Export) -> list[Planned]:
        archive = _archives.validate_json(export.wanted.asked)
        found: list[File] = []
        for some in self._wanted(export.owner_id, archive):
            found += some
            if len(found) > self.most_files:
                raise Unmakeable("too_many_files", f"An archive holds at most {self.most_files:,} files.")
        if sum(file.size for file in found) > self.most_bytes:
            raise Unmakeable("too_large", f"An archive holds at most {self.most_bytes >> 30} GiB.")
        names = unique(file.filename for file in found)
        return [_planned(file, name) for file, name in zip(found, names, strict=True)]

    def _wanted(self, owner_id: str, archive: Archive) -> Iterator[list[File]]:
        if archive.file_ids is not None:
            yield self._among(owner_id, archive.file_ids)
            return
        after, seen = None, set[str]()
        while True:
            some, after = self.files.walk(owner_id, archive.criteria, NEWEST_FIRST, limit=PAGE, after=after)
            yield [file for file in some if _goes(file) and file.id not in seen]
            seen.update(file.id for file in some)
            if after is None:
                return

    def _among(self, user_id: str, file_ids: tuple[str, ...] | list[str]) -> list[File]:
        """Return those of the files that a user may have now."""
        caller = Caller(user_id, Role.VIEWER, session_id="")
        pages = itertools.batched(file_ids, PAGE)
        return [
            file
            for page in pages
            for file in self.files.get_many(page)
            if _goes(file) and self._may_have(caller, file)
        ]

    def _may_have(self, caller: Caller, file: File) -> bool:
        if file.owner_id == caller.user_id:
            return True
        seen = seen_by(caller, file, self.files.granted(file.id, caller.user_id))
        whole = Permission.DOWNLOAD in seen.held and not seen.bare
        return whole and self.files.owner_active(file.owner_id)


def _goes(file: File) -> bool:
    return file.status in SERVABLE and file.trashed_at is None


def _planned(file: File, name: str) -> Planned:
    level = 6 if file.mime_type.startswith("text/") or file.mime_type in PLAIN else 0
    key = object_key(file.owner_id, file.sha256)
    return Planned(file.id, key, name, file.size, file.created_at, level)
