"""Builds what finds files that go with a file."""

from typing import TYPE_CHECKING

from chalicelib.recommendations.service import Recommendations
from chalicelib.recommendations.similar import Similar

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def recommendations(library: "Library") -> Recommendations:
    """Build what finds files that go with a file."""
    return Recommendations(library.files, library.received)


def similar(library: "Library") -> Similar:
    """Build what finds pictures that look like one."""
    return Similar(library.files, library.received)
