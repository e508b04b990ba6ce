"""One vocabulary for what files of every kind say of themselves, so that clients and the search need to know no format.

Every finding passes through `common`, whichever reader made it. The readers have brought EXIF, XMP, IPTC and text
chunks of a picture together; here the names that containers give their tags are, and each kind's own words.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from chalicelib.extraction.models import (
    Camera,
    Common,
    DocumentMetadata,
    ImageMetadata,
    MediaMetadata,
    Metadata,
    Position,
)

# ISO 6709 annex H, as phones write it: +48.8584+002.2945+035.000/
_PLACE = re.compile(
    r"([+-]\d{2}(?:\.\d{1,9})?)([+-]\d{3}(?:\.\d{1,9})?)([+-]\d{1,6}(?:\.\d{1,9})?)?(?:CRS.{0,40})?/?"
)
_SEPARATORS = re.compile(r"[,;\u3001\uff0c\uff1b]")
_OLDEST = datetime(
    1826, 1, 1, tzinfo=UTC
)  # the oldest photograph there is; clocks that were never set say 1601 or 0
_UNSET = datetime(1970, 1, 2, tzinfo=UTC)
_QUICKTIME = "com.apple.quicktime."


def common(metadata: Metadata) -> Common:
    """What a finding says in the common vocabulary."""
    match metadata:
        case ImageMetadata():
            return _of_picture(metadata)
        case MediaMetadata():
            return _of_media(metadata)
        case DocumentMetadata():
            return _of_document(metadata)
        case _:
            return Common()


def moment(text: str | None) -> datetime | None:
    """A time as containers write it: ISO 8601 with at least a day; a clock that was never set tells none."""
    try:
        found = datetime.fromisoformat((text or "").strip()) if len(text or "") > len("2024-05") else None
    except ValueError:
        return None
    return None if found is None or _aware(found) < _UNSET else found


def keywords(text: str | None) -> tuple[str, ...]:
    """The keywords in a text that separates them by commas or semicolons."""
    return tuple(word for word in _SEPARATORS.split(text or "") if word.strip())


def place(text: str | None) -> Position | None:
    """A place as phones write it into films (ISO 6709)."""
    match = _PLACE.fullmatch((text or "").strip())
    if not match or abs(float(match[1])) > 90 or abs(float(match[2])) > 180:  # noqa: PLR2004 - degrees
        return None
    height = float(match[3]) if match[3] else None
    return Position(latitude=float(match[1]), longitude=float(match[2]), altitude=height)


def _of_picture(found: ImageMetadata) -> Common:
    return Common(
        title=found.title,
        creator=found.artist,
        description=found.description,
        keywords=found.keywords,
        language=found.language,
        copyright=found.copyright,
        taken_at=_told(found.taken_at),
        created_at=_told(found.created_at),
        modified_at=_told(found.modified_at),
        location=found.position,
        camera=_camera(found.camera_make, found.camera_model, found.lens),
        duration_seconds=found.duration_seconds,
        software=found.software,
    )


def _of_media(found: MediaMetadata) -> Common:
    tags = found.tags
    shot = moment(_first(tags, f"{_QUICKTIME}creationdate"))
    written = moment(_first(tags, "creation_time", "date", "date_recorded", "originaldate"))
    filmed = found.has_video and (shot or written)
    return Common(
        title=found.title or _first(tags, f"{_QUICKTIME}title", f"{_QUICKTIME}displayname"),
        creator=found.artist
        or _first(tags, "album_artist", "author", f"{_QUICKTIME}author", f"{_QUICKTIME}artist", "composer"),
        description=_first(tags, "description", "comment", "synopsis", f"{_QUICKTIME}description"),
        keywords=keywords(_first(tags, "keywords", f"{_QUICKTIME}keywords")),
        language=_first(tags, "language") or next((s.language for s in found.streams if s.language), None),
        copyright=_first(tags, "copyright", f"{_QUICKTIME}copyright", "rights"),
        taken_at=filmed or None,
        created_at=written,
        location=place(_first(tags, f"{_QUICKTIME}location.iso6709", "location", "location-eng")),
        camera=_camera(
            _first(tags, f"{_QUICKTIME}make", "make"), _first(tags, f"{_QUICKTIME}model", "model"), None
        ),
        duration_seconds=found.duration_seconds,
        album=found.album or _first(tags, f"{_QUICKTIME}album"),
        software=_first(tags, f"{_QUICKTIME}software", "software", "encoded_by"),
    )


def _of_document(found: DocumentMetadata) -> Common:
    return Common(
        title=found.title,
        creator=found.author,
        description=found.description or found.subject,
        keywords=keywords(found.keywords),
        language=found.language,
        copyright=found.copyright,
        created_at=_told(found.created_at),
        modified_at=_told(found.modified_at),
        software=found.application,
    )


def _camera(make: str | None, model: str | None, lens: str | None) -> Camera | None:
    return Camera(make=make, model=model, lens=lens) if make or model or lens else None


def _first(tags: Mapping[str, str], *names: str) -> str | None:
    return next((tags[name] for name in names if tags.get(name)), None)


def _told(found: datetime | None) -> datetime | None:
    return found if found is not None and _aware(found) >= _OLDEST else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
