"""How well two files go together: by tags in common (a rare one says more), by category, by nearness in time.

    tag         log2(1 + files / files with the tag), for each that both have
    category    half of that for the category, when it is the same
    time        2 / (1 + days between the uploads), within a week

Rarity is that in the library of the one who asks, so the points tell nothing about anybody else's.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.catalogue.rules import Facet
from chalicelib.core.ids import moment_of

NEAR = timedelta(days=7)
DAY = timedelta(days=1)
TIME_POINTS = 2.0
CATEGORY_SHARE = 0.5
HIDDEN = frozenset({("status", "pending"), ("status", "rejected")})
"""Files of which there is nothing to see."""


@dataclass(frozen=True)
class Candidate:
    """A file that may go with another, by its attributes; `own` is the one's who asks."""

    file_id: str
    facets: frozenset[Facet]
    own: bool = True


@dataclass(frozen=True)
class Rarity:
    """How many files there are, and with each attribute."""

    files: int
    counts: Mapping[Facet, int]

    def points(self, facet: Facet) -> float:
        """Return what it says that two files share an attribute."""
        count = max(1, self.counts.get(facet, 0))
        return math.log2(1 + max(self.files, count) / count)


@dataclass(frozen=True)
class Reasons:
    """Why a file goes with another: the points of each reason, the tags, and the seconds between the uploads."""

    tags: tuple[str, ...] = ()
    by_tags: float = 0.0
    by_category: float = 0.0
    by_time: float = 0.0
    seconds: int | None = None

    @property
    def score(self) -> float:
        """Return all points, in thousandths."""
        return round(self.by_tags + self.by_category + self.by_time, 3)


def reasons(about: Candidate, other: Candidate, rarity: Rarity) -> Reasons:
    """Return why a file goes with another; a score of 0 when nothing says so."""
    shared = sorted(about.facets & other.facets)
    tags = [facet for facet in shared if facet[0] == "tag"]
    categories = [facet for facet in shared if facet[0] == "category"]
    apart = abs(moment_of(about.file_id) - moment_of(other.file_id))
    near = apart <= NEAR
    return Reasons(
        tags=tuple(tag for _, tag in tags),
        by_tags=round(sum(map(rarity.points, tags)), 3),
        by_category=round(CATEGORY_SHARE * sum(map(rarity.points, categories)), 3),
        by_time=round(TIME_POINTS / (1 + apart / DAY), 3) if near else 0.0,
        seconds=int(apart.total_seconds()) if near else None,
    )


def ranked(
    about: Candidate, candidates: Mapping[str, Candidate], rarity: Rarity
) -> list[tuple[Candidate, Reasons]]:
    """Return the candidates that go with a file: one's own first, the best first, of equals the newest first."""
    found = [
        (one, reasons(about, one, rarity))
        for one in candidates.values()
        if one.file_id != about.file_id and not one.facets & HIDDEN
    ]
    fitting = [(one, why) for one, why in found if why.score]
    return sorted(fitting, key=lambda pair: (pair[0].own, pair[1].score, pair[0].file_id), reverse=True)
