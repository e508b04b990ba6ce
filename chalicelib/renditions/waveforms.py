"""The picture of a waveform, drawn from its peaks in a confined child (`extraction.zygote` loads this module)."""

import io
import json

from PIL import Image, ImageDraw

from chalicelib.extraction.source import ByteSource
from chalicelib.renditions.models import Picture

WIDTH, HEIGHT = 800, 160
_FULL = 127
_SCALE = 2  # drawn larger, then smoothed
_COLOUR = (96, 108, 128, 255)  # a grey-blue that shows on light and on dark


def read(source: ByteSource, _sniffed: str) -> Picture:
    """Draw the peaks in `source` (audiowaveform's JSON) on a transparent ground."""
    highest = json.loads(source.read(0, source.size))["data"][1::2]
    picture = Image.new("RGBA", (WIDTH * _SCALE, HEIGHT * _SCALE), (*_COLOUR[:3], 0))
    pen = ImageDraw.Draw(picture)
    middle = HEIGHT * _SCALE / 2
    for column in range(WIDTH):
        peak = highest[column * len(highest) // WIDTH] / _FULL
        half = max(1.0, peak * (middle - 2))
        left = column * _SCALE
        pen.rectangle((left, middle - half, left + _SCALE - 1, middle + half), fill=_COLOUR)
    smooth = picture.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
    out = io.BytesIO()
    smooth.save(out, "WEBP", lossless=True, method=2)
    return Picture.model_construct(mime_type="image/webp", width=WIDTH, height=HEIGHT, content=out.getvalue())
