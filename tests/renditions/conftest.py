import io
import os
from collections.abc import Callable

import pytest
from PIL import Image

from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import Facts
from chalicelib.extraction.tools import find_media_tools
from chalicelib.renditions.studio import Album, Studio
from tests.extraction.sources import source_of

Portray = Callable[[bytes], Album]


@pytest.fixture(scope="session")
def studio() -> Studio:
    return Studio(lambda: find_media_tools(os.environ))


@pytest.fixture(scope="session")
def portray(studio: Studio) -> Portray:
    """Return a function that gives the album of some content, examined as the intake does."""

    def album(content: bytes) -> Album:
        return studio.album(source_of(content), facts_of(content))

    return album


def facts_of(content: bytes) -> Facts:
    return examine(source_of(content), find_media_tools(os.environ))


def opened(album: Album, name: str) -> Image.Image:
    picture = Image.open(io.BytesIO(album.renditions[name].content))
    made = album.renditions[name]
    assert picture.size == (made.width, made.height)
    assert made.mime_type == Image.MIME[picture.format or ""]
    return picture


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()
