"""Best first: among the newest files that fit, then among those before them, and so on.

A window of matches is read in the order of time and sorted by points. Its first page fixes the window, whose ends
travel in the cursor, so files that come or go meanwhile move nothing across a page. Where a window is used up, the
next one begins: every match comes, and within a window the best come first.

Points of each asked word: in the name 8 as a whole and 5 as a beginning, in a tag 4, in the title or caption 3, in own
fields 2, in the text 1. Several words that stand in the asked order, one after another: in the name 10 more, in a tag,
the title or the caption 3, in own fields 2, in the text 1. Ties: the newest first.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from chalicelib.catalogue.lists import Bounds, Question, Row
from chalicelib.catalogue.rules import TEXT_LETTER, WORD_FIELDS
from chalicelib.catalogue.search import Found, Match
from chalicelib.catalogue.text import asked_places, sequence
from chalicelib.core.paging import Position

WINDOW = 400
"""Matches that are ranked together."""
WINDOW_UNITS = 400
REREAD = 4
"""How many times more a fixed window may have by the time of a later page: matches may have come back into it."""
POINTS = {"n": (8, 5), "g": (4, 4), "t": (3, 3), "c": (3, 3), "u": (2, 2), TEXT_LETTER: (1, 1)}
PHRASE_IN_NAME = 10
PHRASE_POINTS = {"g": 3, "t": 3, "c": 3, "u": 2, TEXT_LETTER: 1}
TITLE_LETTERS = frozenset("nt")
FIELD_NAMES = {letter: name for name, letter in WORD_FIELDS.items()} | {TEXT_LETTER: "text"}
Places = list[tuple[str, dict[str, list[int]]]]
Find = Callable[[Question, int, str | None], Found]


@dataclass(frozen=True)
class Hit:
    """A file that fits, how well, and where the words were found."""

    file_id: str
    score: int
    matched: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, str]:
        """Return its place: more is better."""
        return self.score, self.file_id


@dataclass(frozen=True)
class Asked:
    """What was asked: the question (newest first), its text, and the words that must stand in the name or title."""

    question: Question
    phrase: str
    title_words: tuple[str, ...] = ()
    window: int = WINDOW

    @cached_property
    def places(self) -> list[tuple[str, int]]:
        """Return the asked words and their places in the phrase."""
        return asked_places(self.phrase)


def ranked(
    asked: Asked, find: Find, *, limit: int, position: Position | None
) -> tuple[list[Hit], Position | None]:
    """Return a page of hits and the position to go on from; `find` reads a number of matches after a key."""
    if position is None or "low" not in position:
        found = find(asked.question, asked.window, position["after"] if position else None)
        low = found.last
        high = found.matches[0].row.file_id if found.matches else ""
        hits = _hits(asked, found.matches)
    else:
        low, high = position["low"] or None, position["high"]
        bounds = _narrowed(asked.question.created, low, high)
        found = find(replace(asked.question, created=bounds), REREAD * asked.window, None)
        last = int(position["score"]), position["id"]
        hits = [hit for hit in _hits(asked, found.matches) if hit.rank < last]
    page = hits[:limit]
    if len(hits) > limit:
        return page, {"low": low or "", "high": high, "score": str(page[-1].score), "id": page[-1].file_id}
    return page, {"after": low} if low is not None else None


def _hits(asked: Asked, found: list[Match]) -> list[Hit]:
    hits = [_hit(asked, match) for match in found if _has_title(asked, match)]
    return sorted(hits, key=lambda hit: hit.rank, reverse=True)


def _has_title(asked: Asked, match: Match) -> bool:
    return all(TITLE_LETTERS & set(match.fields(word)) for word in asked.title_words)


def _hit(asked: Asked, match: Match) -> Hit:
    score = sum(_points(match.words[word], word) for word in asked.question.words)
    score += _phrase_points(asked, match)
    letters = {letter for word in asked.question.words for letter in match.fields(word)}
    return Hit(
        match.row.file_id, score, tuple(name for letter, name in FIELD_NAMES.items() if letter in letters)
    )


def _is_phrase(phrase: str, name: str) -> bool:
    wanted = sequence(phrase)
    return wanted.count(" ") > 1 and wanted in sequence(name)


def _phrase_points(asked: Asked, match: Match) -> int:
    """Return the points for the asked words standing together, by the rows at hand: of places, the first few."""
    if _is_phrase(asked.phrase, match.row.name):
        return PHRASE_IN_NAME
    words = asked.places
    if len(words) <= 1:
        return 0
    places = [match.words[word].places(word) for word, _ in words]
    return max(
        (points for letter, points in PHRASE_POINTS.items() if _together(words, places, letter)), default=0
    )


def _together(words: list[tuple[str, int]], places: list[Places], letter: str) -> bool:
    """Tell whether words stand in a field as they were asked for; the last one may go on."""
    starts = [
        {
            place - at
            for word, where in found
            if word == asked or number == len(words) - 1
            for place in where.get(letter, ())
        }
        for number, ((asked, at), found) in enumerate(zip(words, places, strict=True))
    ]
    return bool(set.intersection(*starts))


def _points(row: Row, asked: str) -> int:
    """Return the most that a file's words give for an asked one."""
    return max(
        (POINTS[letter][word != asked] for word, where in row.places(asked) for letter in where), default=0
    )


def _narrowed(bounds: Bounds, low: str | None, high: str) -> Bounds:
    lows = [one for one in (bounds.low, low) if one is not None]
    return Bounds(max(lows, default=None), min(high, bounds.high) if bounds.high is not None else high)
