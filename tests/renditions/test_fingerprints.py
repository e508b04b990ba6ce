"""Placeholders and perceptual hashes: equal to the reference encoder's, and steady under what eyes do not see."""

import base64

import pytest
from PIL import Image, ImageEnhance

from chalicelib.renditions.fingerprints import difference_hash, thumbhash
from tests.conftest import MEDIA


def waves(width: int, height: int, *, translucent: bool = False) -> Image.Image:
    pixels = bytearray()
    for y in range(height):
        for x in range(width):
            pixels += bytes((x * 7 % 256, y * 9 % 256, x * y % 256, x * y * 3 % 256 if translucent else 255))
    return Image.frombytes("RGBA", (width, height), bytes(pixels))


# by the reference encoder: rgbaToThumbHash of the package "thumbhash" 0.1.1 (JavaScript), on the same pixels
REFERENCE = [
    (waves(32, 24), "WQgOHZZgdodwiIiGiGeIh/WmD/eH"),
    (waves(20, 32, translucent=True), "mpeFCwYWgZBKumn9igj5txAzUYdiOEg="),
    (waves(1, 32), "yhkVcToIhWqYiIZ4CIV2r5g="),
    (Image.new("RGBA", (9, 9)), "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="),
]


@pytest.mark.parametrize(("picture", "expected"), REFERENCE)
def test_a_placeholder_is_what_the_reference_encoder_makes(picture: Image.Image, expected: str) -> None:
    assert thumbhash(picture) == expected


def test_a_placeholder_is_small_whatever_the_picture() -> None:
    for name in ("photo.jpg", "alpha.png", "animated.gif"):
        with Image.open(MEDIA / name) as picture:
            assert 15 <= len(base64.b64decode(thumbhash(picture))) <= 30


def differing_bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_the_same_picture_smaller_brighter_or_recompressed_has_nearly_the_same_hash() -> None:
    with Image.open(MEDIA / "photo.jpg") as photo:
        original = difference_hash(photo)
        smaller = difference_hash(photo.resize((200, 150)))
        brighter = difference_hash(ImageEnhance.Brightness(photo).enhance(1.1))
        turned = difference_hash(photo.transpose(Image.Transpose.ROTATE_90))
    assert differing_bits(original, smaller) <= 3
    assert differing_bits(original, brighter) <= 6
    assert differing_bits(original, turned) > 10
