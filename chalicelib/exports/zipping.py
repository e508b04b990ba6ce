"""The bytes of a ZIP archive, piece by piece, so that its writing can stop and go on between any two.

The standard library's `zipfile` gives headers and the directory; content is deflated between them in pieces that each
end at a byte (zlib's full flush), so that all there is to know amid a file are three numbers. Sizes and check sum
follow a file's content (PKWARE APPNOTE 4.3.9), in 64 bits where the file is large.
"""

import io
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZipFile, ZipInfo

STREAMED = 0x08
"""The flag that sizes and check sum follow the content."""
SIGNATURE = 0x08074B50
FIRST, LAST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
"""Between these, the format has dates."""
MOST_GROWTH = 1.05
"""What `zipfile`, too, allows for content that grows under compression."""


@dataclass(frozen=True)
class Packed:
    """How much of a file is in the archive: bytes read, bytes written for them, CRC-32 of those read."""

    read: int = 0
    written: int = 0
    crc: int = 0


UNPACKED = Packed()


@dataclass(frozen=True)
class Member:
    """A file in an archive, in the size it will have; `level` is zlib's, 0 for what is compressed already."""

    name: str
    size: int
    modified: datetime
    level: int

    @property
    def large(self) -> bool:
        """Tell whether its sizes may need 64 bits."""
        return self.size * MOST_GROWTH > ZIP64_LIMIT

    def header(self) -> bytes:
        """Return what comes before the content."""
        return self._info().FileHeader(zip64=self.large)

    def pack(self, chunk: bytes, packed: Packed, *, last: bool) -> tuple[bytes, Packed]:
        """Return the bytes for a piece of the content, and how much is packed then."""
        deflate = zlib.compressobj(self.level, zlib.DEFLATED, -zlib.MAX_WBITS)
        content = deflate.compress(chunk) + deflate.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)
        crc = zlib.crc32(chunk, packed.crc)
        return content, Packed(packed.read + len(chunk), packed.written + len(content), crc)

    def footer(self, packed: Packed) -> bytes:
        """Return what comes after the content."""
        form = "<LLQQ" if self.large else "<LLLL"
        return struct.pack(form, SIGNATURE, packed.crc, packed.written, packed.read)

    def entry(self, offset: int, packed: Packed) -> ZipInfo:
        """Return its entry in the directory, given where its header is."""
        info = self._info()
        info.header_offset, info.CRC = offset, packed.crc
        info.file_size, info.compress_size = packed.read, packed.written
        return info

    def _info(self) -> ZipInfo:
        moment = min(max(self.modified.astimezone(UTC), FIRST), LAST)
        info = ZipInfo(
            self.name,
            (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second),
        )
        info.compress_type, info.flag_bits = ZIP_DEFLATED, STREAMED
        info.external_attr = 0o100644 << 16
        return info


def directory(entries: Iterable[ZipInfo], offset: int) -> bytes:
    """Return the end of an archive, given where its last file ends."""
    end = _End(offset)
    archive = ZipFile(end, "w")
    archive.filelist.extend(entries)
    archive.close()
    return bytes(end.written)


class _End(io.RawIOBase):
    """Takes what is written behind the files; cannot go back to them."""

    def __init__(self, offset: int) -> None:
        self._offset = offset
        self.written = bytearray()

    def tell(self) -> int:
        return self._offset + len(self.written)

    def seek(self, *_: int) -> int:
        raise io.UnsupportedOperation  # io's own takes no offset over 2 GiB

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes
        self.written += content
        return len(content)
