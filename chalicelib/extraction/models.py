"""What was found in a file, as values that are safe to store and show whatever the file held.

The readers' answers come from child processes that hostile files may have taken over, so these models are also the
border control: unknown fields are refused, numbers have bounds, and every string loses its control characters and
what exceeds 500 characters.
"""

from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from chalicelib.extraction.filetypes import Kind
from chalicelib.extraction.repair import MAX_TEXT, cleaned

MAX_TAGS = 32
MAX_KEYWORDS = 32
MAX_KEYWORD = 64
MAX_STREAMS = 24
MAX_EXCERPT = 1000


def _tidy_tags(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {str(k)[:64].lower(): v for k, v in list(value.items())[:MAX_TAGS]}


def _tidy_keywords(value: object) -> object:
    if not isinstance(value, list | tuple):
        return value
    texts = (cleaned(each, most=MAX_KEYWORD) for each in value[: 4 * MAX_KEYWORDS])
    return [*dict.fromkeys(text for text in texts if text)][:MAX_KEYWORDS]


type Text = Annotated[str, BeforeValidator(cleaned), Field(max_length=MAX_TEXT)]
type Tags = Annotated[dict[Text, Text], BeforeValidator(_tidy_tags), Field(max_length=MAX_TAGS)]
type Keyword = Annotated[str, Field(max_length=MAX_KEYWORD)]
type Keywords = Annotated[
    tuple[Keyword, ...], BeforeValidator(_tidy_keywords), Field(max_length=MAX_KEYWORDS)
]
"""Each once, in their order."""
type Beginning = Annotated[
    str, BeforeValidator(partial(cleaned, most=MAX_EXCERPT)), Field(max_length=MAX_EXCERPT)
]
"""The first words of a text."""
type Language = Annotated[str, BeforeValidator(partial(cleaned, most=35)), Field(max_length=35)]
"""As the file says it: a tag of BCP 47 or an old three-letter code."""
type Count = Annotated[int, Field(ge=0, le=2**53)]
type Seconds = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Position(_Found):
    """Where a picture was taken: WGS 84 degrees, metres above the sea."""

    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    altitude: Annotated[float, Field(ge=-100_000, le=1e8, allow_inf_nan=False)] | None = None


class Camera(_Found):
    """What took a picture."""

    make: Text | None = None
    model: Text | None = None
    lens: Text | None = None


class Common(_Found):
    """What a file says of itself in one vocabulary, whatever its format: `vocabulary` maps each kind's fields to it.

    A time without an offset is the camera's or the writing program's own. What is not known is None.
    """

    title: Text | None = None
    creator: Text | None = None
    description: Text | None = None
    keywords: Keywords = ()
    language: Language | None = None
    copyright: Text | None = None
    taken_at: datetime | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    location: Position | None = None
    camera: Camera | None = None
    duration_seconds: Seconds | None = None
    album: Text | None = None
    software: Text | None = None


class ImageMetadata(_Found):
    """A picture. `width` and `height` are as stored: `orientation` (EXIF, 1 to 8) says how to turn it for the eye."""

    about: Literal["image"] = "image"
    format: Text
    width: Count
    height: Count
    mode: Text | None = None
    frames: Count | None = None
    duration_seconds: Seconds | None = None
    orientation: Annotated[int, Field(ge=1, le=8)] | None = None
    taken_at: datetime | None = None
    camera_make: Text | None = None
    camera_model: Text | None = None
    lens: Text | None = None
    position: Position | None = None
    title: Text | None = None
    description: Text | None = None
    artist: Text | None = None
    copyright: Text | None = None
    software: Text | None = None
    keywords: Keywords = ()
    language: Language | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None


class Stream(_Found):
    """One track of a container. `attached_picture` marks cover art, which makes no audio file a video."""

    type: Literal["video", "audio", "subtitle", "data", "attachment", "other"]
    codec: Text | None = None
    profile: Text | None = None
    width: Count | None = None
    height: Count | None = None
    frames_per_second: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)] | None = None
    rotation: Annotated[int, Field(ge=0, lt=360)] | None = None
    color_space: Text | None = None
    color_transfer: Text | None = None
    channels: Count | None = None
    sample_rate: Count | None = None
    bit_rate: Count | None = None
    language: Language | None = None
    attached_picture: bool = False


class MediaMetadata(_Found):
    """Audio or video. `duration_seconds` is None when the container does not say or the budget ended before it did."""

    about: Literal["media"] = "media"
    container: Text
    duration_seconds: Seconds | None = None
    bit_rate: Count | None = None
    streams: Annotated[tuple[Stream, ...], Field(max_length=MAX_STREAMS)] = ()
    title: Text | None = None
    artist: Text | None = None
    album: Text | None = None
    tags: Tags = {}
    complete: bool = True

    @property
    def has_video(self) -> bool:
        """Whether there are moving pictures, cover art aside."""
        return any(s.type == "video" and not s.attached_picture for s in self.streams)

    @property
    def has_audio(self) -> bool:
        """Whether there is sound."""
        return any(s.type == "audio" for s in self.streams)


class DocumentMetadata(_Found):
    """A paged document. `counted` says whether pages, sheets and slides were counted or are what the file reports.

    `encrypted` is "owner" when anybody may open it but not do everything, "user" when it needs a password.
    """

    about: Literal["document"] = "document"
    format: Text
    pages: Count | None = None
    sheets: Count | None = None
    slides: Count | None = None
    counted: Literal["exact", "reported"] | None = None
    words: Count | None = None
    page_width_points: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    page_height_points: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)] | None = None
    format_version: Text | None = None
    title: Text | None = None
    author: Text | None = None
    subject: Text | None = None
    keywords: Text | None = None
    description: Text | None = None
    language: Language | None = None
    copyright: Text | None = None
    application: Text | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None
    encrypted: Literal["owner", "user"] | None = None
    has_scripts: bool = False
    excerpt: Beginning | None = None


class TextMetadata(_Found):
    """Plain text. When `complete` is False only the beginning was read and the counts are None.

    `json_valid` is None when nobody looked; `delimiter` and `columns` are set when the text looks like a table.
    """

    about: Literal["text"] = "text"
    encoding: Text
    complete: bool = True
    lines: Count | None = None
    words: Count | None = None
    json_valid: bool | None = None
    delimiter: Annotated[str, Field(max_length=1)] | None = None
    columns: Count | None = None
    excerpt: Beginning | None = None


type Metadata = Annotated[
    ImageMetadata | MediaMetadata | DocumentMetadata | TextMetadata, Field(discriminator="about")
]


type FoundType = Literal[
    "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "doc", "xls", "ppt", "ooxml", "mp3", "aac", "flac"
]


class Finding(_Found):
    """A reader's answer: the metadata, and what the content turned out to be where the first look was coarse."""

    metadata: Metadata
    found_type: FoundType | None = None


class Excerpt(_Found):
    """The answer of the reader of excerpts."""

    text: Beginning


class Facts(_Found):
    """All that is known of one blob's content: equal for every file that points to it, whatever its name.

    `outcome` is "read" with metadata, or "rejected" or "failed" with a stable `code` and a sentence; `detail` is for
    our own log, never for users. `sniffed` is a name of `filetypes.TYPES`. `bytes_read`, `requests` and `seconds` are
    what knowing it cost.
    """

    outcome: Literal["read", "rejected", "failed"]
    sniffed: str
    kind: Kind | None = None
    mime_type: str
    reader: str | None = None
    reader_version: int | None = None
    metadata: Metadata | None = None
    common: Common | None = None
    code: str | None = None
    message: str | None = None
    detail: Text | None = None
    bytes_read: Count = 0
    requests: Count = 0
    seconds: Seconds = 0
