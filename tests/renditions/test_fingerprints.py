"""Placeholders and perceptual hashes: equal to the reference encoder's, and steady under what eyes do not see."""

import base64

import pytest
from PIL import Image, ImageEnhance

from chalicelib.catalogue.looks import distance
from chalicelib.renditions.fingerprints import perceptual_hash, thumbhash
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


# by phash of the package ImageHash 4.3.2, which takes terms near nothing for what they are
SAME_AS_IMAGEHASH = {
    "photo.jpg": "ab1ac499e546659b",
    "plain.png": "ba4c8d1ee1d29a65",
    "progressive.jpg": "a916c936e99999e1",
    "cmyk.jpg": "b435ca4ae9a5cd4a",
    "photo.avif": "be11d487668f588d",
    "single.tiff": "ae41d917a476b6e0",
}


def hash_of(picture: Image.Image) -> str:
    found = perceptual_hash(picture)
    assert found is not None
    return found


@pytest.mark.parametrize("name", SAME_AS_IMAGEHASH)
def test_the_perceptual_hash_is_the_usual_one_but_for_terms_near_nothing(name: str) -> None:
    with Image.open(MEDIA / name) as picture:
        assert distance(hash_of(picture.convert("RGB")), SAME_AS_IMAGEHASH[name]) <= 4


def test_the_same_picture_smaller_brighter_or_turned_has_nearly_or_not_the_same_hash() -> None:
    with Image.open(MEDIA / "photo.jpg") as photo:
        original = hash_of(photo)
        smaller = hash_of(photo.resize((200, 150)))
        brighter = hash_of(ImageEnhance.Brightness(photo).enhance(1.1))
        turned = hash_of(photo.transpose(Image.Transpose.ROTATE_90))
    assert distance(original, smaller) <= 2
    assert distance(original, brighter) <= 4
    assert distance(original, turned) > 16


def test_a_picture_of_one_colour_has_nothing_to_compare() -> None:
    assert perceptual_hash(Image.new("RGB", (300, 200), "red")) is None
    assert perceptual_hash(Image.effect_noise((300, 200), 1.0).convert("RGB")) is None
    assert perceptual_hash(Image.new("RGBA", (1, 300), (9, 9, 9, 0))) is None


def test_what_lies_hidden_under_transparency_changes_no_hash() -> None:
    with Image.open(MEDIA / "alpha.png") as picture:
        shown = picture.convert("RGBA")
    hidden = Image.new("RGBA", shown.size, (200, 0, 0, 0))
    hidden.paste(shown, mask=shown.getchannel("A").point(lambda alpha: 255 if alpha else 0))
    assert hidden.tobytes() != shown.tobytes()
    assert hash_of(hidden) == hash_of(shown)
