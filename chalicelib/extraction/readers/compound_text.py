"""The beginning of the text in Word, PowerPoint and Excel files of 1997 to 2003, from their binary records."""

import struct
from collections.abc import Iterator

import olefile

from chalicelib.extraction.source import ByteSource, opened

MOST_READ = 1 << 20
_DEEPEST = 12
_PPT_CHARS, _PPT_BYTES = 0x0FA0, 0x0FA8
_PPT_LIST, _NO_SLIDES = 0x0FF0, frozenset({0x03F8, 0x03F0, 0x0FC9})  # main master, notes, handout
_CONTAINER = 0xF
_BIFF_STRINGS = 0x00FC
_COMPRESSED = 1 << 30


def of_word(source: ByteSource) -> Iterator[str]:
    """Yield the main text's pieces ([MS-DOC] 2.8.35, 2.9.38: the piece table in the table stream)."""
    with olefile.OleFileIO(opened(source)) as container:
        stream = container.openstream("WordDocument")
        head = stream.read(0x01AA)
        table = container.openstream("1Table" if head[11] & 0x02 else "0Table")
        first, size = struct.unpack_from("<II", head, 0x01A2)
        table.seek(first)
        for at, count, compressed in _pieces(table.read(min(size, MOST_READ))):
            stream.seek(at)
            raw = stream.read(min(count * (1 if compressed else 2), MOST_READ))
            yield _without_fields(raw.decode("cp1252" if compressed else "utf-16-le", "replace"))


def _pieces(clx: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where each piece of text lies, its characters, and whether each takes one byte."""
    at = 0
    while at + 3 <= len(clx) and clx[at] == 1:  # properties that pieces refer to
        at += 3 + int.from_bytes(clx[at + 1 : at + 3], "little")
    if clx[at : at + 1] != b"\x02":
        return
    size = int.from_bytes(clx[at + 1 : at + 5], "little")
    table = clx[at + 5 : at + 5 + size]
    count = (len(table) - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}I", table)
    for number in range(count):
        place = int.from_bytes(table[4 * (count + 1) + 8 * number + 2 :][:4], "little")
        compressed = bool(place & _COMPRESSED)
        start = place & (_COMPRESSED - 1)
        yield (start // 2 if compressed else start), max(0, ends[number + 1] - ends[number]), compressed


def _without_fields(text: str) -> str:
    """The text as it is shown: of a field (code, separator, result, end) the result only."""
    shown, codes = [], 0
    for character in text:
        if character == "\x13":
            codes += 1
        elif character in "\x14\x15":
            codes = max(0, codes - (character == "\x14"))
        elif not codes:
            shown.append(max(character, " "))  # controls are breaks of some kind
    return "".join(shown)


def of_slides(source: ByteSource) -> Iterator[str]:
    """Yield the texts of the presentation's records ([MS-PPT] 2.9.41, 2.9.42), in their order."""
    with olefile.OleFileIO(opened(source)) as container:
        yield from _slide_texts(container.openstream("PowerPoint Document").read(8 * MOST_READ), 0)


def _slide_texts(records: bytes, depth: int) -> Iterator[str]:
    at = 0
    while at + 8 <= len(records) and depth < _DEEPEST:
        version, kind, size = struct.unpack_from("<HHI", records, at)
        content = records[at + 8 : at + 8 + size]
        if kind in _NO_SLIDES or (kind == _PPT_LIST and version >> 4):  # lists of masters and notes
            pass
        elif version & _CONTAINER == _CONTAINER:
            yield from _slide_texts(content, depth + 1)
        elif kind == _PPT_CHARS:
            yield f"{content.decode('utf-16-le', 'replace')} "
        elif kind == _PPT_BYTES:
            yield f"{content.decode('latin-1')} "
        at += 8 + size


def of_workbook(source: ByteSource) -> Iterator[str]:
    """Yield the shared strings ([MS-XLS] 2.4.265) up to the first that goes on in another record."""
    with olefile.OleFileIO(opened(source)) as container:
        name = "Workbook" if container.exists("Workbook") else "Book"
        workbook = container.openstream(name).read(8 * MOST_READ)
    at = 0
    while at + 4 <= len(workbook):
        kind, size = struct.unpack_from("<HH", workbook, at)
        if kind == _BIFF_STRINGS:
            yield from _strings(workbook[at + 4 : at + 4 + size])
            return
        at += 4 + size


def _strings(record: bytes) -> Iterator[str]:
    at = 8
    while at + 3 <= len(record):
        count, flags = struct.unpack_from("<HB", record, at)
        at += 3
        runs = int.from_bytes(record[at : at + 2], "little") if flags & 8 else 0
        at += 2 if flags & 8 else 0
        extension = int.from_bytes(record[at : at + 4], "little") if flags & 4 else 0
        at += 4 if flags & 4 else 0
        size = count * (2 if flags & 1 else 1)
        yield f"{record[at : at + size].decode('utf-16-le' if flags & 1 else 'latin-1', 'replace')} "
        at += size + 4 * runs + extension
