"""The first page of a PDF as a picture, drawn by pdfium in a confined child (`extraction.zygote` loads this module)."""

import pypdfium2

from chalicelib.extraction.errors import BudgetSpent, Damaged, Failed
from chalicelib.extraction.source import ByteSource, opened
from chalicelib.renditions.models import PREVIEW_SIDE, Drawn
from chalicelib.renditions.pictures import draw

MOST_POINTS = 20_000.0
_WHITE = (255, 255, 255, 255)


def read(source: ByteSource, _sniffed: str) -> Drawn:
    """Draw the first page on white paper. Raises Damaged, Failed(page_not_drawn), BudgetSpent."""
    try:
        document = pypdfium2.PdfDocument(opened(source))
        page = document[0]
        longest = max(page.get_size())
    except BudgetSpent:
        raise
    except Exception as error:
        raise Damaged(f"{type(error).__name__}: {error}"[:200]) from error
    if not 0 < longest <= MOST_POINTS:
        raise Failed("page_not_drawn", "The first page has a size that cannot be drawn.")
    bitmap = page.render(scale=PREVIEW_SIDE / longest, fill_color=_WHITE, may_draw_forms=False)
    return draw(bitmap.to_pil().convert("RGB"))
