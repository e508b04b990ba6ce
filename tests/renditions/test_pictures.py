"""Thumbnails and previews of pictures, looked at: size, turn, colour, transparency, and what is refused."""

import io

import pytest
from PIL import Image, ImageCms

from chalicelib.extraction.errors import FileFault
from chalicelib.extraction.examine import examine
from chalicelib.renditions import pictures
from chalicelib.renditions.studio import draw
from tests.conftest import MEDIA
from tests.extraction.sources import source_of
from tests.renditions.conftest import Portray, encoded, facts_of, opened

Colour = tuple[int, ...]
RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (250, 250, 250)


def quarters(width: int = 400, height: int = 200) -> Image.Image:
    """Return a picture that shows how it is turned: red, green over blue, white."""
    picture = Image.new("RGB", (width, height))
    for number, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        x, y = number % 2 * width // 2, number // 2 * height // 2
        picture.paste(colour, (x, y, x + width // 2, y + height // 2))
    return picture


def corners(picture: Image.Image) -> list[str]:
    """Name the colours in the corners, row by row."""
    shown = picture.convert("RGB")
    named = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
    width, height = shown.size
    found = []
    for x, y in ((8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8)):
        pixel = shown.getpixel((x, y))
        assert isinstance(pixel, tuple)
        found.append(min(named, key=lambda name: distance(named[name], pixel)))
    return found


def distance(one: Colour, other: Colour) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=False))


def middle(picture: Image.Image) -> Colour:
    pixel = picture.getpixel((picture.width // 2, picture.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


SAMPLES = [
    *("photo.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg", "alpha.png", "plain.png", "animated.gif"),
    *(
        "static.gif",
        "animated.webp",
        "photo.avif",
        "photo.heic",
        "single.tiff",
        "multipage.tif",
        "bitmap.bmp",
    ),
    "icon.ico",
]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_kind_of_picture_gets_a_thumbnail_and_a_preview(name: str, portray: Portray) -> None:
    content = (MEDIA / name).read_bytes()
    album = portray(content)
    assert album.problem is None
    with Image.open(MEDIA / name) as original:
        longest = max(original.size)
    assert max(opened(album, "thumbnail").size) == min(300, longest)
    assert max(opened(album, "preview").size) == min(2048, longest)
    assert album.placeholder
    assert album.perceptual_hash


def test_large_pictures_are_fitted_and_small_ones_never_enlarged(portray: Portray) -> None:
    large = portray(encoded(quarters(3000, 1500), "JPEG"))
    assert opened(large, "preview").size == (2048, 1024)
    assert opened(large, "thumbnail").size == (300, 150)
    thin = portray(encoded(quarters(4000, 2), "PNG"))
    assert opened(thin, "thumbnail").size == (300, 1)
    assert opened(portray(encoded(quarters(40, 20), "PNG")), "preview").size == (40, 20)


@pytest.mark.parametrize(
    ("size", "preview"),
    [((4000, 3000), (2000, 1500)), ((8064, 6048), (2016, 1512)), ((3880, 2910), (2048, 1536))],
)
def test_half_a_photo_serves_as_its_preview_where_it_nearly_has_the_size(
    size: tuple[int, int], preview: tuple[int, int], portray: Portray
) -> None:
    assert opened(portray(encoded(quarters(*size), "JPEG")), "preview").size == preview


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, ["red", "green", "blue", "white"]),
        (2, ["green", "red", "white", "blue"]),
        (3, ["white", "blue", "green", "red"]),
        (4, ["blue", "white", "red", "green"]),
        (5, ["red", "blue", "green", "white"]),
        (6, ["blue", "red", "white", "green"]),
        (7, ["white", "green", "blue", "red"]),
        (8, ["green", "white", "red", "blue"]),
    ],
)
def test_a_picture_is_turned_as_its_camera_was_held(
    form: str, orientation: int, expected: list[str], portray: Portray
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    album = portray(encoded(quarters(), form, exif=exif))
    thumbnail = opened(album, "thumbnail")
    assert corners(thumbnail) == expected
    assert (thumbnail.width > thumbnail.height) == (orientation < 5)
    assert not thumbnail.getexif()


def test_colours_of_a_wide_profile_are_brought_to_srgb(portray: Portray) -> None:
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (64, 64), (200, 60, 30)),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        swapped,
        outputMode="LAB",
    )
    assert lab is not None
    content = encoded(lab, "TIFF", icc_profile=swapped.tobytes())
    shown = middle(opened(portray(content), "preview").convert("RGB"))
    assert distance(shown, (200, 60, 30)) <= 4


def test_a_broken_colour_profile_is_passed_over(portray: Portray) -> None:
    content = encoded(Image.new("RGB", (64, 64), (200, 60, 30)), "JPEG", icc_profile=b"no profile at all")
    assert distance(middle(opened(portray(content), "preview")), (200, 60, 30)) <= 4


def test_transparency_is_kept_and_opaque_pictures_are_jpeg(portray: Portray) -> None:
    glass = Image.new("RGBA", (64, 64), (200, 60, 30, 128))
    glass.paste((0, 0, 0, 0), (0, 0, 32, 64))
    album = portray(encoded(glass, "PNG"))
    preview = opened(album, "preview").convert("RGBA")
    assert album.renditions["thumbnail"].mime_type == "image/webp"
    assert preview.getpixel((8, 32))[3] == 0  # type: ignore[index] # an RGBA pixel
    assert distance(preview.getpixel((56, 32)), (200, 60, 30, 128)) <= 8  # type: ignore[arg-type] # as above
    solid = portray(encoded(Image.new("RGBA", (64, 64), (200, 60, 30, 255)), "PNG"))
    assert solid.renditions["thumbnail"].mime_type == "image/jpeg"


def test_a_transparent_colour_of_a_palette_is_transparent(portray: Portray) -> None:
    picture = quarters().convert("P", palette=Image.Palette.ADAPTIVE)
    album = portray(encoded(picture, "GIF", transparency=picture.getpixel((8, 8))))
    assert opened(album, "preview").convert("RGBA").getpixel((8, 8))[3] == 0  # type: ignore[index] # RGBA


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "I;16"])
def test_every_mode_of_png_is_drawn(mode: str, portray: Portray) -> None:
    ramp = Image.linear_gradient("L")
    picture = (
        ramp.convert("I").point(lambda v: v * 256).convert("I;16") if mode == "I;16" else ramp.convert(mode)
    )
    preview = opened(portray(encoded(picture, "PNG")), "preview").convert("L")
    bottom, top = preview.getpixel((128, 250)), preview.getpixel((128, 5))
    assert isinstance(bottom, int | float)
    assert isinstance(top, int | float)
    assert bottom > 240
    assert top < 15


def test_pictures_of_renditions_carry_no_metadata(portray: Portray) -> None:
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    content = encoded(quarters(), "JPEG", exif=exif, comment=b"secret place")
    made = portray(content).renditions["preview"].content
    assert b"secret" in content
    assert b"secret" not in made


def test_the_same_content_gives_the_same_bytes(portray: Portray) -> None:
    content = (MEDIA / "photo.jpg").read_bytes()
    assert portray(content) == portray(content)


@pytest.mark.parametrize("name", ["photo.jpg", "plain.png", "animated.webp", "single.tiff", "photo.heic"])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_a_picture_that_is_cut_off_costs_nobody_anything(name: str, part: float) -> None:
    whole = (MEDIA / name).read_bytes()
    cut = source_of(whole[: int(len(whole) * part)])
    with pytest.raises(FileFault) as fault:
        draw(cut, facts_of(whole).sniffed)
    assert fault.value.code == "damaged"


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG of many pixels."""
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG", compress_level=9)
    return out.getvalue()


def test_a_bomb_is_refused_before_it_is_decoded(portray: Portray) -> None:
    assert examine(source_of(bomb(30_000, 30_000)), None).code == "too_many_pixels"
    assert portray(bomb(12_000, 12_000)).problem == "picture_too_large"
    assert pictures.MAX_DECODED_PIXELS < 12_000 * 12_000


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(portray: Portray) -> None:
    content = encoded(Image.new("RGB", (13_000, 13_000), (200, 60, 30)), "JPEG", quality=30)
    album = portray(content)
    assert opened(album, "preview").size == (2048, 2048)
    assert distance(middle(opened(album, "thumbnail")), (200, 60, 30)) <= 4
