"""The readers: one module each, run in a confined child (`limited`), with `read(source, sniffed) -> Finding`.

A reader raises `Damaged`, `Rejected` or `Failed` for what is wrong with the file. It is imported by the fork server
before it is confined, so whatever it needs is imported at the top of its module: later no file can be opened. This
table is all that other code needs to know of them, and it imports none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.filetypes import ReaderName


@dataclass(frozen=True)
class Reader:
    """A reader's module and limits. `version` grows with every change that makes it find something else."""

    version: int
    module: str
    limits: Limits = field(default_factory=Limits)


def _module(name: str) -> str:
    return f"{__name__}.{name}"


READERS: Mapping[ReaderName, Reader] = MappingProxyType(
    {
        "images": Reader(2, _module("images")),
        "drawings": Reader(1, _module("drawings")),
        "media": Reader(4, "chalicelib.extraction.media"),
        "pdf": Reader(2, _module("pdf")),
        "archives": Reader(2, _module("archives")),
        "compound": Reader(1, _module("compound")),
        "text": Reader(2, _module("text")),
        "rich_text": Reader(1, _module("rich_text")),
    }
)
EXCERPTS = Reader(1, _module("excerpts"), Limits(cpu_seconds=5, wall_seconds=8.0))
"""Reads the first words of documents, after their reader."""
EXCERPTED: frozenset[ReaderName] = frozenset({"pdf", "archives", "compound", "rich_text"})
