"""The types of content this library tells apart, and which of them each file extension may carry.

A type's `mime_type` is what is ever served for it. Types without a reader are recognised in order to be refused with a
code that says what they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

type Kind = Literal["image", "video", "audio", "document"]

type ReaderName = Literal["images", "drawings", "media", "pdf", "archives", "compound", "text", "rich_text"]


@dataclass(frozen=True)
class FileType:
    """One type of content. `refusal` is the stable code for types that no extension may carry."""

    name: str
    label: str
    mime_type: str
    kind: Kind | None = None
    reader: ReaderName | None = None
    refusal: str | None = None
    audio_mime_type: str | None = None


def _image(name: str, label: str, mime_type: str) -> FileType:
    return FileType(name, label, mime_type, "image", "images")


def _video(name: str, label: str, mime_type: str, audio_mime_type: str | None = None) -> FileType:
    return FileType(name, label, mime_type, "video", "media", audio_mime_type=audio_mime_type)


def _audio(name: str, label: str, mime_type: str) -> FileType:
    return FileType(name, label, mime_type, "audio", "media")


def _document(name: str, label: str, mime_type: str, reader: ReaderName) -> FileType:
    return FileType(name, label, mime_type, "document", reader)


def _refused(name: str, label: str, mime_type: str, refusal: str) -> FileType:
    return FileType(name, label, mime_type, refusal=refusal)


_OPENXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
_BINARY = "application/octet-stream"

_ALL = (
    _image("jpeg", "a JPEG picture", "image/jpeg"),
    _image("png", "a PNG picture", "image/png"),
    _image("gif", "a GIF picture", "image/gif"),
    _image("webp", "a WebP picture", "image/webp"),
    _image("bmp", "a BMP picture", "image/bmp"),
    _image("tiff", "a TIFF picture", "image/tiff"),
    _image("heic", "an HEIC picture", "image/heic"),
    _image("avif", "an AVIF picture", "image/avif"),
    _image("jp2", "a JPEG 2000 picture", "image/jp2"),
    _image("ico", "an icon", "image/x-icon"),
    FileType("svg", "an SVG drawing", "image/svg+xml", "image", "drawings"),
    _video("mp4", "an MP4 video", "video/mp4", "audio/mp4"),
    _video("mov", "a QuickTime video", "video/quicktime", "audio/mp4"),
    _video("3gp", "a 3GP video", "video/3gpp", "audio/3gpp"),
    _video("mpeg", "an MPEG video", "video/mpeg", "audio/mpeg"),
    _video("mpegts", "an MPEG transport stream", "video/mp2t"),
    _video("avi", "an AVI video", "video/x-msvideo"),
    _video("webm", "a WebM video", "video/webm", "audio/webm"),
    _video("mkv", "a Matroska video", "video/x-matroska", "audio/x-matroska"),
    _video("asf", "a Windows Media file", "video/x-ms-wmv", "audio/x-ms-wma"),
    _video("flv", "a Flash video", "video/x-flv"),
    _video("ogg", "an Ogg file", "video/ogg", "audio/ogg"),
    _audio("mp3", "an MP3 file", "audio/mpeg"),
    _audio("wav", "a WAV file", "audio/wav"),
    _audio("aac", "an AAC file", "audio/aac"),
    _audio("flac", "a FLAC file", "audio/flac"),
    _audio("aiff", "an AIFF file", "audio/aiff"),
    _document("pdf", "a PDF", "application/pdf", "pdf"),
    _document("doc", "a Word 97 document", "application/msword", "compound"),
    _document("xls", "an Excel 97 workbook", "application/vnd.ms-excel", "compound"),
    _document("ppt", "a PowerPoint 97 presentation", "application/vnd.ms-powerpoint", "compound"),
    _document("docx", "a Word document", f"{_OPENXML}.wordprocessingml.document", "archives"),
    _document("xlsx", "an Excel workbook", f"{_OPENXML}.spreadsheetml.sheet", "archives"),
    _document("pptx", "a PowerPoint presentation", f"{_OPENXML}.presentationml.presentation", "archives"),
    _document("ooxml", "an encrypted Office document", "application/x-ole-storage", "compound"),
    _document("odt", "an OpenDocument text", f"{_ODF}.text", "archives"),
    _document("ods", "an OpenDocument spreadsheet", f"{_ODF}.spreadsheet", "archives"),
    _document("odp", "an OpenDocument presentation", f"{_ODF}.presentation", "archives"),
    _document("epub", "an EPUB book", "application/epub+zip", "archives"),
    _document("rtf", "an RTF document", "application/rtf", "rich_text"),
    _document("text", "plain text", "text/plain", "text"),
    _document("xml", "an XML document", "text/plain", "text"),
    FileType("zip", "a ZIP archive", "application/zip", reader="archives", refusal="archive"),
    FileType(
        "ole", "an OLE container", "application/x-ole-storage", reader="compound", refusal="type_not_allowed"
    ),
    _refused("archive", "an archive", _BINARY, "archive"),
    _refused("executable", "a program", _BINARY, "executable"),
    _refused("script", "a script", "text/plain", "script"),
    _refused("html", "an HTML page", "text/plain", "html"),
    _refused("playlist", "a playlist of other addresses", "text/plain", "playlist"),
    _refused("unknown", "of no known type", _BINARY, "unknown_type"),
)

TYPES: Mapping[str, FileType] = MappingProxyType({t.name: t for t in _ALL})

_ISO_MEDIA = frozenset({"mp4", "mov", "3gp"})
_MATROSKA = frozenset({"webm", "mkv"})
_MPEG = frozenset({"mpeg", "mpegts"})
_TEXTUAL = frozenset({"text", "xml"})


def _only(*names: str) -> frozenset[str]:
    return frozenset(names)


_CARRIES: Mapping[Kind, Mapping[str, frozenset[str]]] = {
    "image": {
        **dict.fromkeys(("jpg", "jpeg"), _only("jpeg")),
        **dict.fromkeys(("tif", "tiff"), _only("tiff")),
        **{name: _only(name) for name in ("png", "gif", "webp", "bmp", "heic", "avif", "jp2", "ico", "svg")},
    },
    "video": {
        **dict.fromkeys(("mp4", "m4v", "mov", "3gp"), _ISO_MEDIA),
        **dict.fromkeys(("mpg", "mpeg"), _MPEG),
        **dict.fromkeys(("webm", "mkv"), _MATROSKA),
        "ts": _only("mpegts"),
        "avi": _only("avi"),
        "wmv": _only("asf"),
        "flv": _only("flv"),
        "ogv": _only("ogg"),
    },
    "audio": {
        "m4a": _ISO_MEDIA,
        **dict.fromkeys(("ogg", "opus"), _only("ogg")),
        "wma": _only("asf"),
        **{name: _only(name) for name in ("mp3", "wav", "aac", "flac", "aiff")},
    },
    "document": {
        **{name: _only(name) for name in ("pdf", "xls", "ppt", "odt", "ods", "odp", "rtf", "epub")},
        "doc": _only("doc", "rtf"),  # Word itself writes RTF under this name
        **{name: _only(name, "ooxml") for name in ("docx", "xlsx", "pptx")},
        **dict.fromkeys(("txt", "md"), _TEXTUAL),
        **dict.fromkeys(("csv", "json"), _only("text")),
    },
}

EXTENSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {extension: types for group in _CARRIES.values() for extension, types in group.items()}
)

_KINDS: Mapping[str, Kind] = {extension: kind for kind, group in _CARRIES.items() for extension in group}


def kind_of(extension: str) -> Kind | None:
    """What a file of that extension (without dot, any case) claims to be; None when the library does not know it."""
    return _KINDS.get(extension.lower())


_EITHER: frozenset[Kind] = frozenset({"video", "audio"})
_SERVED: Mapping[str, frozenset[Kind]] = MappingProxyType(
    {t.mime_type: _EITHER if t.audio_mime_type else frozenset({t.kind}) for t in _ALL if t.kind}
    | {t.audio_mime_type: _EITHER for t in _ALL if t.audio_mime_type}
)
_OF_PROGRAMS = frozenset(
    {
        *("text/html", "application/xhtml+xml", "text/javascript", "application/javascript"),
        *("application/x-javascript", "application/ecmascript", "text/vbscript", "application/x-httpd-php"),
        *(
            "application/x-msdownload",
            "application/x-dosexec",
            "application/x-executable",
            "application/x-elf",
        ),
        *("application/vnd.microsoft.portable-executable", "application/x-mach-binary", "application/x-sh"),
        *(
            "application/java-archive",
            "application/x-msi",
            "application/x-bat",
            "application/x-shockwave-flash",
        ),
    }
)


def may_be_declared(mime_type: str, kind: Kind) -> bool:
    """Tell whether a file that claims to be of a kind may be sent as of a MIME type (with or without parameters).

    Clients guess these from their system's tables, so what the library has not heard of is taken as no statement.
    """
    declared = mime_type.partition(";")[0].strip().lower()
    return declared not in _OF_PROGRAMS and kind in _SERVED.get(declared, {kind})
