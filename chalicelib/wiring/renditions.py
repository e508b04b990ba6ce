"""Builds what shows pictures of files."""

from typing import TYPE_CHECKING

from chalicelib.renditions.service import Renditions

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def renditions(library: "Library") -> Renditions:
    """Build what shows pictures; the extraction function makes them."""
    return Renditions(library.files, library.bucket, library.queue, library.clock)
