"""Builds what erases accounts with everything they own, which only the jobs function does."""

from typing import TYPE_CHECKING

from chalicelib.erasure.service import Erasure

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def erasure(library: "Library") -> Erasure:
    """Build what erases accounts."""
    background = (library.exports.writing, library.organising.jobs)
    beside = (library.links, library.grants, *background, library.popularity, library.inbox)
    return Erasure(library.files, *beside, library.history.facts.removals, library.deletion)
