"""Packs planned files into an archive, from any place in it on."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zipfile import ZipInfo

from pydantic import TypeAdapter

from chalicelib.aws.bucket import Bucket, ObjectMissing
from chalicelib.exports.models import Piece
from chalicelib.exports.zipping import UNPACKED, Member, Packed, directory

CHUNK = 1 << 20
"""Bytes read at a time, and about the size of a piece."""
FILES = 20
"""Files in one piece: of small ones, whose reading takes a while each."""
CHECKED = 100
"""Files looked at together, whether they are still there."""
RECORD = struct.Struct("<QQI")
"""What is remembered of each file: where its header is, bytes written for its content (0: left out), CRC-32."""


@dataclass(frozen=True)
class Planned:
    """A file that goes into an archive, as it was when the plan was made."""

    file_id: str
    key: str
    name: str
    size: int
    modified: datetime
    level: int

    @property
    def member(self) -> Member:
        """Return it in the archive's terms."""
        return Member(self.name, self.size, self.modified, self.level)


@dataclass(frozen=True)
class Place:
    """A place in an archive: in which plan, after how many files, amid which file, at which byte."""

    plan: str
    done: int = 0
    offset: int = 0
    header: int = 0
    """Where the header of the file begins that is being packed."""
    packed: Packed = UNPACKED

    def to_text(self) -> str:
        """Render as an export's position."""
        return _places.dump_json(self).decode()

    @classmethod
    def from_text(cls, text: str) -> "Place":
        """Read what `to_text` wrote."""
        return _places.validate_json(text)


_places = TypeAdapter(Place)


class Packing:
    """The packing of one plan; `present` tells which of some files may still go in."""

    def __init__(
        self,
        bucket: Bucket,
        plan: list[Planned],
        place: Place,
        records: bytearray,
        present: Callable[[list[Planned]], set[str]],
        chunk: int = CHUNK,
    ) -> None:
        self._bucket, self._plan, self._place = bucket, plan, place
        self._records = records[: place.done * RECORD.size]
        self._present, self._chunk, self._read_now = present, chunk, 0
        self._checked: dict[int, set[str]] = {}
        self._chunks: Iterator[bytes] | None = None

    def pieces(self) -> Iterator[Piece]:
        """Yield the rest of the archive. Raises ObjectMissing when a file's bytes go amid their reading."""
        while self._place.done < len(self._plan):
            yield self._piece()
        yield Piece(directory(self._entries(), self._place.offset), 0, None)

    def _piece(self) -> Piece:
        content, begun, packed = bytearray(), self._place.done, 0
        self._read_now = 0
        while self._place.done < len(self._plan) and self._place.done - begun < FILES:
            if self._read_now >= self._chunk:
                break
            before = self._place.done
            some = self._some()
            content += some
            packed += bool(some) and self._place.done > before
        return Piece(bytes(content), packed, self._place.to_text(), memory=bytes(self._records))

    def _some(self) -> bytes:
        """Return the next bytes of the archive; none for a file that is left out."""
        planned, packed = self._plan[self._place.done], self._place.packed
        chunk = self._read(planned, packed.read)
        if chunk is None:
            self._ended(0, 0)
            return b""
        if not packed.read:
            self._place = replace(self._place, header=self._place.offset)
        member, last = planned.member, packed.read + len(chunk) >= planned.size
        self._read_now += len(chunk)
        before = b"" if packed.read else member.header()
        content, packed = member.pack(chunk, packed, last=last)
        content = before + content + (member.footer(packed) if last else b"")
        self._place = replace(self._place, packed=packed, offset=self._place.offset + len(content))
        if last:
            self._ended(packed.written, packed.crc)
        return content

    def _ended(self, written: int, crc: int) -> None:
        self._records += RECORD.pack(self._place.header, written, crc)
        self._place = replace(self._place, done=self._place.done + 1, packed=UNPACKED)
        self._chunks = None

    def _read(self, planned: Planned, first: int) -> bytes | None:
        """Return the next bytes of a file; None when it has gone before any of it was packed."""
        if first == 0 and not self._is_there(planned):
            return None
        if planned.size == 0:
            return b""
        try:
            if self._chunks is None:
                self._chunks = self._bucket.stream(planned.key, first, self._chunk)
            return next(self._chunks)
        except ObjectMissing:
            if first:
                raise
            return None

    def _is_there(self, planned: Planned) -> bool:
        page = self._place.done // CHECKED
        if page not in self._checked:
            some = self._plan[page * CHECKED : (page + 1) * CHECKED]
            self._checked = {page: self._present(some)}
        return planned.file_id in self._checked[page]

    def _entries(self) -> Iterator[ZipInfo]:
        for planned, record in zip(self._plan, RECORD.iter_unpack(self._records), strict=True):
            header, written, crc = record
            if written:
                yield planned.member.entry(header, Packed(planned.size, written, crc))
