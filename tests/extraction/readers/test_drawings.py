"""SVG drawings: sizes in pixels, no entities."""

import pytest

from chalicelib.extraction.errors import Damaged, Rejected
from chalicelib.extraction.models import ImageMetadata
from chalicelib.extraction.readers import drawings
from tests.extraction.sources import source_of


def drawing(content: str) -> ImageMetadata:
    metadata = drawings.read(source_of(content.encode()), "svg").metadata
    assert isinstance(metadata, ImageMetadata)
    return metadata


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="10" height="20px"', (10, 20)),
        ('width="1in" height="25.4mm"', (96, 96)),
        ('width="100%" height="100%" viewBox="0 0 30 40"', (30, 40)),
        ('viewBox="0,0,300,400"', (300, 400)),
        ('width="1e99" height="-5"', (0, 0)),
        ("", (0, 0)),
    ],
)
def test_a_drawings_size_is_in_pixels(attributes: str, size: tuple[int, int]) -> None:
    found = drawing(f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><g><title>inner</title></g></svg>')
    assert (found.width, found.height, found.title) == (*size, None)


def test_a_drawing_with_entities_is_refused() -> None:
    with pytest.raises(Rejected, match="entities"):
        drawing('<!DOCTYPE svg [<!ENTITY a "b">]><svg><title>&a;</title></svg>')
    assert drawing('<!DOCTYPE svg PUBLIC "a" "b"><svg><title>x</title></svg>').title == "x"


def test_a_drawing_that_is_no_xml_is_damaged() -> None:
    with pytest.raises(Damaged):
        drawing("<svg><unclosed")
