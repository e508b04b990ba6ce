"""What tells of a picture without showing it: a placeholder for eyes, a hash for comparing.

The placeholder is a ThumbHash (Evan Wallace, "ThumbHash", the public-domain reference encoder): luminance, two colour
differences and alpha as a few cosine terms, quantised to four bits. The sums are taken by rows, then by columns, which
gives the reference's result at a twentieth of its multiplications.
"""

import base64
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

_SIDE = 32
_OPAQUE = 255
_UNSEEN = 64  # a term of this size is a wave of an eighth of a grey level
_FAINT = 8  # times that: one level


@dataclass(frozen=True)
class _Channel:
    """One channel as cosine terms: the constant one, and the others between 0 and 1 of `scale`."""

    constant: float
    others: Sequence[float]
    scale: float


def thumbhash(picture: Image.Image) -> str:
    """Return the ThumbHash of a picture in base64."""
    small = picture.convert("RGBA")
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    width, height = small.size
    red, green, blue, alpha = ([value / _OPAQUE for value in band.tobytes()] for band in small.split())
    translucent = min(alpha) < 1
    colours = (
        [_over_average(band, alpha) for band in (red, green, blue)] if translucent else [red, green, blue]
    )
    most = 5 if translucent else 7
    across, down = (max(1, _rounded(most * side / max(width, height))) for side in (width, height))
    pixels = list(zip(*colours, strict=True))
    luminance = _terms([sum(pixel) / 3 for pixel in pixels], small.size, max(3, across), max(3, down))
    yellow = _terms([(r + g) / 2 - b for r, g, b in pixels], small.size, 3, 3)
    magenta = _terms([r - g for r, g, _ in pixels], small.size, 3, 3)
    opacity = [_terms(alpha, small.size, 5, 5)] if translucent else []
    aspect = (down | 1 << 15) if width > height else across
    return base64.b64encode(_packed(luminance, yellow, magenta, opacity, aspect)).decode()


def perceptual_hash(picture: Image.Image) -> str | None:
    """Return 64 bits in hexadecimal: which of the lowest cosine terms of its brightness are above their median.

    The hash known as pHash, with terms that eyes cannot see taken for nothing, so that they decide no bit by chance.
    Of a hundred pictures those made smaller, recompressed, or cropped by 4 % differed from the original in 8 bits at
    most as a rule (nine of ten), different pictures in 15 and more. A picture of one colour has none.
    """
    grey = _on_white(picture).convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).tobytes()
    rows = [grey[_SIDE * y : _SIDE * (y + 1)] for y in range(_SIDE)]
    waves = [_cosines(_SIDE, number) for number in range(8)]
    by_row = [[math.sumprod(row, wave) for row in rows] for wave in waves]
    terms = [round(math.sumprod(column, wave) / _UNSEEN) for wave in waves for column in by_row]
    if max(map(abs, terms[1:])) < _FAINT:
        return None
    middle = statistics.median(terms)
    return f"{sum((term > middle) << (63 - place) for place, term in enumerate(terms)):016x}"


def _on_white(picture: Image.Image) -> Image.Image:
    """Return the picture without what lies hidden under transparency."""
    if picture.mode != "RGBA":
        return picture
    paper = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(paper, picture).convert("RGB")


def _over_average(band: Sequence[float], alpha: Sequence[float]) -> list[float]:
    """Lay a colour over its own average, weighted by opacity, where the picture is translucent."""
    opacity = sum(alpha)
    average = sum(value * a for value, a in zip(band, alpha, strict=True)) / opacity if opacity else 0.0
    return [average * (1 - a) + value * a for value, a in zip(band, alpha, strict=True)]


def _terms(values: Sequence[float], size: tuple[int, int], across: int, down: int) -> _Channel:
    width, height = size
    columns = [_cosines(width, number) for number in range(across)]
    rows = [values[y * width : (y + 1) * width] for y in range(height)]
    by_row = [[math.sumprod(row, column) for row in rows] for column in columns]
    found = []
    for vertical in range(down):
        cosines = _cosines(height, vertical)
        horizontal = 0
        while horizontal * down < across * (down - vertical):
            found.append(math.sumprod(by_row[horizontal], cosines) / (width * height))
            horizontal += 1
    constant, *others = found
    scale = max(map(abs, others), default=0.0)
    return _Channel(constant, [0.5 + 0.5 / scale * term for term in others] if scale else others, scale)


def _cosines(length: int, number: int) -> list[float]:
    return [math.cos(math.pi / length * number * (place + 0.5)) for place in range(length)]


def _packed(
    luminance: _Channel, yellow: _Channel, magenta: _Channel, opacity: Sequence[_Channel], aspect: int
) -> bytes:
    head = (
        _rounded(63 * luminance.constant)
        | _rounded(31.5 + 31.5 * yellow.constant) << 6
        | _rounded(31.5 + 31.5 * magenta.constant) << 12
        | _rounded(31 * luminance.scale) << 18
        | len(opacity) << 23
    )
    shape = aspect | _rounded(63 * yellow.scale) << 3 | _rounded(63 * magenta.scale) << 9
    opaque = [_rounded(15 * each.constant) | _rounded(15 * each.scale) << 4 for each in opacity]
    terms = [
        _rounded(15 * term) for channel in (luminance, yellow, magenta, *opacity) for term in channel.others
    ]
    pairs = zip(terms[::2], [*terms[1::2], *([0] if len(terms) % 2 else [])], strict=True)
    return bytes(
        [
            *head.to_bytes(3, "little"),
            *shape.to_bytes(2, "little"),
            *opaque,
            *(low | high << 4 for low, high in pairs),
        ]
    )


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)
