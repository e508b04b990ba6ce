"""What is made of some content, and what the limited processes that make it may answer."""

from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

THUMBNAIL_SIDE = 300
PREVIEW_SIDE = 2048
MAX_PICTURE_BYTES = 8 << 20

type Name = Literal["thumbnail", "preview", "poster", "waveform", "peaks"]
type Side = Annotated[int, Field(ge=1, le=PREVIEW_SIDE)]


class Picture(BaseModel):
    """One picture as it was encoded in a limited process, whose word counts for nothing beyond these bounds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mime_type: Literal["image/jpeg", "image/webp"]
    width: Side
    height: Side
    content: Annotated[Base64Bytes, Field(max_length=MAX_PICTURE_BYTES)]


class Drawn(BaseModel):
    """The pictures of some content, and what is told of it without showing it.

    `placeholder` is a ThumbHash in base64 (about 25 bytes that any client turns into a blurred preview),
    `perceptual_hash` 64 bits in hexadecimal, of which similar pictures differ in few; a picture of one colour has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thumbnail: Picture
    preview: Picture
    placeholder: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{20,40}={0,2}$")]
    perceptual_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None
