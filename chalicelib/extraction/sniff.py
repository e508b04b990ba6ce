"""What content is, told from its first 4 KB alone: names are claims, and no parser is chosen by a claim.

Pure and total: any bytes give the name of one of `filetypes.TYPES`. Text is only looked at when no binary signature
fits, byte order mark first. ZIP and OLE containers are only recognised here; what is inside them is said by the
reader that opens them (`Finding.found_type`).
"""
# ruff: noqa: PLR2004 - signatures, offsets and reserved values are the specifications' own numbers

import re

WINDOW = 4096

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x00\x00\x01\xb3", "mpeg"),
    (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "asf"),
    (b"FLV\x01", "flv"),
    (b"OggS\x00", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"ADIF", "aac"),
    (b"%PDF-", "pdf"),
    (b"{\\rtf", "rtf"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"MSCF", "archive"),
    (b"\x7fELF", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"\xfe\xed\xfa\xce", "executable"),
    (b"\xfe\xed\xfa\xcf", "executable"),
    (b"\xce\xfa\xed\xfe", "executable"),
    (b"\xcf\xfa\xed\xfe", "executable"),
    (b"\x00asm", "executable"),
    (b"dex\n", "executable"),
    (b"#!", "script"),
)

_INSIDE: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (8, b"AVI ", "avi"),
)

_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    b"qt  ": "mov",
    b"jp2 ": "jp2",
}
_OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BINARY_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_COMMENTS = re.compile(r"(?:\s|<!--.*?-->)*", re.DOTALL)
_PROLOG = re.compile(
    r"(?:\s|<!--.*?-->|<\?.*?\?>|<!DOCTYPE\s+(?!html)[^\[>]*(?:\[.*?\])?\s*>)*", re.DOTALL | re.IGNORECASE
)
_HTML = re.compile(
    r"<(?:!doctype\s+html|html|head|body|script|iframe|title|meta|(?:\w+:)html)\b|<!--", re.IGNORECASE
)
_PLAYLIST = re.compile(
    r"#EXTM3U|ffconcat version|\[playlist\]|v=0\r?\no=|<(?:MPD|smil|playlist|asx)\b", re.IGNORECASE
)
_SVG = re.compile(r"<(?:\w+:)?svg[\s>]")
_XML = re.compile(r"<\?xml\b")


def byte_order_mark(head: bytes) -> tuple[str, int] | None:
    """The encoding that a byte order mark at the start states, and the mark's length; None without one."""
    return next(((encoding, len(mark)) for mark, encoding in _BOMS if head.startswith(mark)), None)


def sniff(head: bytes) -> str:
    """The name in `filetypes.TYPES` for content that starts with `head` (its first WINDOW bytes; more is ignored)."""
    head = head[:WINDOW]
    looks = (
        _marked_text,
        _signature,
        _iso_media,
        _container,
        _windows_program,
        _raw_audio,
        _transport_stream,
        _text,
        _late_pdf,
    )
    return next((found for look in looks if (found := look(head))), "unknown")


def _signature(head: bytes) -> str | None:
    return next((name for magic, name in _AT_START if head.startswith(magic)), None)


def _iso_media(head: bytes) -> str | None:
    size, box, brand = int.from_bytes(head[:4]), head[4:8], head[8:12]
    if box in _OLD_QUICKTIME and (size >= 8 or size == 1):
        return "mov"
    if box != b"ftyp" or size < 12:
        return None
    if brand in {b"mif1", b"msf1"} and b"avif" in head[16:size]:
        return "avif"
    return "3gp" if brand.startswith((b"3gp", b"3g2")) else _BRANDS.get(brand, "mp4")


def _container(head: bytes) -> str | None:
    if head[:4] in {b"RIFF", b"RF64", b"BW64"}:
        return next((name for at, magic, name in _INSIDE if head[at:].startswith(magic)), None)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "webm" if b"webm" in head[:64] else "mkv"
    if head[:4] == b"\x00\x00\x01\x00" and head[4:6] != b"\x00\x00" and len(head) >= 22:
        return "ico"
    if head[:2] == b"BM" and head[6:10] == b"\x00" * 4 and 12 <= int.from_bytes(head[14:18], "little") <= 256:
        return "bmp"
    return "archive" if head[257:262] == b"ustar" else None


def _windows_program(head: bytes) -> str | None:
    if head[:2] != b"MZ":
        return None
    is_text = len(head) > 2 and _BINARY_CONTROLS.search(head) is None
    return None if is_text else "executable"


def _raw_audio(head: bytes) -> str | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return "aac"
    layer, rate, frequency = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return "mp3" if layer and 0 < rate < 15 and frequency != 3 else None


def _transport_stream(head: bytes) -> str | None:
    for start, packet in ((0, 188), (4, 192)):
        syncs = head[start::packet]
        if len(head) >= start + packet * 3 and syncs == b"\x47" * len(syncs):
            return "mpegts"
    return None


def _marked_text(head: bytes) -> str | None:
    mark = byte_order_mark(head)
    if mark is None:
        return None
    text = head[mark[1] :].decode(mark[0], "replace")
    # the mark of UTF-16 is two bytes that chance may put before binary data
    return None if "\x00" in text or text.count("\ufffd") > 1 + len(text) // 100 else _markup(text)


def _text(head: bytes) -> str | None:
    if not head or _BINARY_CONTROLS.search(head):
        return None
    return _markup(head.decode("utf-8", "replace"))


def _markup(text: str) -> str:
    body = text[_COMMENTS.match(text).end() :]  # type: ignore[union-attr]  # the pattern matches nothing, too
    if _HTML.match(body):
        return "html"
    if _PLAYLIST.match(body):
        return "playlist"
    if text.lstrip().startswith("#!"):
        return "script"
    return _xml(text, body) if body.startswith("<") else "text"


def _xml(text: str, body: str) -> str:
    root = text[_PROLOG.match(text).end() :]  # type: ignore[union-attr]  # the pattern matches nothing, too
    if _SVG.match(root):
        return "svg"
    if _HTML.match(root):
        return "html"
    if _PLAYLIST.match(root):
        return "playlist"
    return "xml" if _XML.match(body) else "text"


def _late_pdf(head: bytes) -> str | None:
    # ISO 32000 readers accept the header anywhere in the first 1024 bytes
    return "pdf" if b"%PDF-" in head[:1024] else None
