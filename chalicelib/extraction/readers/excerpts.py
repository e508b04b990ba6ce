"""The first words of a document, for the search and for eyes.

They are read in a child of their own, so that what is wrong with them costs the excerpt and not the file. Little is
read for it: a megabyte of each unpacked part, five pages, until there are enough characters. PDF's text comes from
pdfium; Word's, Excel's and PowerPoint's newer files, OpenDocument and EPUB are XML or XHTML in a ZIP archive.
"""

import zipfile
from collections.abc import Callable, Iterator, Mapping

import pypdfium2

from chalicelib.extraction.errors import BudgetSpent, Damaged
from chalicelib.extraction.models import MAX_EXCERPT, Excerpt
from chalicelib.extraction.readers import compound_text, markup, rich_text
from chalicelib.extraction.source import ByteSource, opened

ENOUGH = 2 * MAX_EXCERPT
"""Characters gathered: cleaning makes them fewer."""
MOST_PAGES = 5
MOST_PARTS = 8
_TEXT_ONLY, _PARAGRAPHS = frozenset({"t"}), frozenset({"p", "h"})


def read(source: ByteSource, sniffed: str) -> Excerpt:
    """The beginning of the document's text, empty when it has none that can be found. Raises Damaged, BudgetSpent."""
    pieces: list[str] = []
    length = 0
    try:
        for piece in _READERS[sniffed](source):
            pieces.append(piece)
            length += len(piece)
            if length >= ENOUGH:
                break
    except Exception as trouble:
        if not length and isinstance(trouble, BudgetSpent):
            raise
        if not length:
            raise Damaged(f"{type(trouble).__name__}: {trouble}"[:200]) from trouble
    return Excerpt(text="".join(pieces)[:ENOUGH])


def _pdf(source: ByteSource) -> Iterator[str]:
    document = pypdfium2.PdfDocument(opened(source))
    for number in range(min(len(document), MOST_PAGES)):
        text = document[number].get_textpage()
        yield f"{text.get_text_range(0, min(text.count_chars(), ENOUGH))} "


def _word(archive: zipfile.ZipFile) -> Iterator[str]:
    yield from markup.texts(archive, "word/document.xml", _TEXT_ONLY)


def _workbook(archive: zipfile.ZipFile) -> Iterator[str]:
    yield from markup.texts(archive, "xl/sharedStrings.xml", _TEXT_ONLY)


def _slides(archive: zipfile.ZipFile) -> Iterator[str]:
    for number in range(1, MOST_PARTS + 1):
        yield from markup.texts(archive, f"ppt/slides/slide{number}.xml", _TEXT_ONLY)


def _opendocument(archive: zipfile.ZipFile) -> Iterator[str]:
    yield from markup.texts(archive, "content.xml", _PARAGRAPHS)


def _book(archive: zipfile.ZipFile) -> Iterator[str]:
    for name in markup.chapters(archive)[:MOST_PARTS]:
        yield from markup.page_texts(archive, name)


def _packed(find: Callable[[zipfile.ZipFile], Iterator[str]]) -> Callable[[ByteSource], Iterator[str]]:
    def texts(source: ByteSource) -> Iterator[str]:
        with zipfile.ZipFile(opened(source)) as archive:
            yield from find(archive)

    return texts


_READERS: Mapping[str, Callable[[ByteSource], Iterator[str]]] = {
    "pdf": _pdf,
    "docx": _packed(_word),
    "xlsx": _packed(_workbook),
    "pptx": _packed(_slides),
    **dict.fromkeys(("odt", "ods", "odp"), _packed(_opendocument)),
    "epub": _packed(_book),
    "rtf": rich_text.texts,
    "doc": compound_text.of_word,
    "ppt": compound_text.of_slides,
    "xls": compound_text.of_workbook,
}
EXCERPTED = frozenset(_READERS)
