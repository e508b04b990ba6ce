"""The text in parts of a ZIP archive that are XML or XHTML, piece by piece from the beginning, of a bounded length.

XML goes through a parser that refuses document types; XHTML, which has one, through one that knows no entities but
HTML's own. Nothing is kept as a tree.
"""

import posixpath
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import override
from urllib.parse import unquote

from defusedxml.ElementTree import XMLParser

MOST_UNPACKED = 1 << 20
_PIECE = 16 << 10
_BREAKS = frozenset({"p", "h", "tab", "br", "tc", "si", "s", "line-break", "table-cell", "list-item"})
_SKIPPED = frozenset({"tracked-changes", "annotation", "rPh", "instrText"})
_UNSEEN = frozenset({"script", "style", "head", "title"})


class _Texts:
    """Gathers the character data inside some elements; a space stands between paragraphs and cells."""

    def __init__(self, names: frozenset[str]) -> None:
        self.found: list[str] = []
        self._names, self._inside, self._skipped = names, 0, 0

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        """Note that an element begins."""
        name = tag.rpartition("}")[2]
        self._inside += name in self._names
        self._skipped += name in _SKIPPED

    def end(self, tag: str) -> None:
        """Note that an element ends."""
        name = tag.rpartition("}")[2]
        self._inside -= name in self._names
        self._skipped -= name in _SKIPPED
        if name in _BREAKS:
            self.found.append(" ")

    def data(self, text: str) -> None:
        """Keep text that is inside."""
        if self._inside and not self._skipped:
            self.found.append(text)

    def close(self) -> None:
        """Do nothing: there is no tree to return."""


class _PageTexts(HTMLParser):
    """Gathers what a page shows."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        self.found.append(" ")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._unseen = max(0, self._unseen - (tag in _UNSEEN))

    @override
    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)


class _Package:
    """What an EPUB's package document says of its chapters: the hrefs of the manifest in the order of the spine."""

    def __init__(self) -> None:
        self.main, self.hrefs, self.spine = "", dict[str, str](), list[str]()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note what an element says."""
        match tag.rpartition("}")[2]:
            case "rootfile":
                self.main = self.main or attributes.get("full-path", "")
            case "item":
                self.hrefs[attributes.get("id", "")] = attributes.get("href", "")
            case "itemref":
                self.spine.append(attributes.get("idref", ""))

    def close(self) -> None:
        """Do nothing: there is no tree to return."""


def texts(archive: zipfile.ZipFile, name: str, inside: frozenset[str]) -> Iterator[str]:
    """Yield the text inside elements of these names in an XML part, if there is one."""
    target = _Texts(inside)
    parser = XMLParser(target=target, forbid_dtd=True)
    for piece in _pieces(archive, name):
        parser.feed(piece)
        yield "".join(target.found)
        target.found.clear()


def page_texts(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    """Yield what an XHTML part shows."""
    page = _PageTexts()
    for piece in _pieces(archive, name):
        page.feed(piece.decode("utf-8", "replace"))
        yield "".join(page.found)
        page.found.clear()


def chapters(archive: zipfile.ZipFile) -> list[str]:
    """The names of an EPUB's chapters in the order of reading (EPUB 3.3, 5.7)."""
    package = _Package()
    for name in ("META-INF/container.xml", ""):
        parser = XMLParser(target=package, forbid_dtd=True)
        for piece in _pieces(archive, name or package.main):
            parser.feed(piece)
    folder = posixpath.dirname(package.main)
    hrefs = (package.hrefs.get(each, "") for each in package.spine)
    return [posixpath.normpath(posixpath.join(folder, unquote(href))) for href in hrefs if href]


def _pieces(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    if name not in archive.NameToInfo:
        return
    with archive.open(name) as part:
        left = MOST_UNPACKED
        while left > 0 and (piece := part.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
