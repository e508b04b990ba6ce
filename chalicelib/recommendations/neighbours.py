"""Where candidates come from: the files next to a file in the lists that it is in.

Each list is in the order of upload; the nearest before and after the file are read, so a list's length does not
matter. Of tags, the rarest lists are read: they hold what has most in common, and rows carry all other attributes.
"""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.catalogue.lists import Lists, Read, Row, facet_list
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import ALL, Facet
from chalicelib.recommendations.rules import Candidate, Rarity

AROUND = 40
"""Files read of a list on each side."""
MAX_TAGS = 3
"""Lists of tags that are read."""


def rarity_in(lists: Lists, facets: Sequence[Facet]) -> Rarity:
    """Return how rare some attributes are; one call."""
    counts = lists.counts([ALL, *facets])
    return Rarity(counts[ALL], counts)


def neighbours(lists: Lists, about: Candidate, among: Sequence[Facet]) -> dict[str, Candidate]:
    """Return the nearest files in some lists; two calls a list, all at once."""
    reads = [
        Read(facet_list(facet), Order.CREATED, descending, after=about.file_id, limit=AROUND)
        for facet in among
        for descending in (True, False)
    ]
    rows = (row for page in lists.read(reads) for row in page.rows)
    return {row.file_id: Candidate(row.file_id, frozenset(_facets_in(row))) for row in rows}


def lists_of(about: Candidate, counts: Mapping[Facet, int]) -> list[Facet]:
    """Return the lists of one's own that are worth reading: the rarest tags that others have, the category, all files.

    Categories are their owner's, so that of another's file is in none of them.
    """
    tags = [facet for facet in about.facets if facet[0] == "tag"]
    alone = 1 if about.own else 0
    rarest = sorted(tags, key=lambda tag: (counts.get(tag, 0) <= alone, counts.get(tag, 0), tag))
    categories = [facet for facet in about.facets if facet[0] == "category" and about.own]
    return [*rarest[:MAX_TAGS], *categories, ALL]


def _facets_in(row: Row) -> Iterator[Facet]:
    for written in row.facets.strip("|").split("||"):
        name, _, value = written.partition(":")
        yield name, value
