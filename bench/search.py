"""What finding files costs at 100, 10,000 and 1,000,000 files: calls, rounds, read units, rows, time.

    python -m bench.search            # all three sizes; the last needs about 2 GB and some minutes
    python -m bench.search 100 10000

The search is the real one; the lists are `search_library`'s, which count as DynamoDB bills. Each line is the median,
95th percentile and maximum over random questions of one shape, taken from files that exist. A page that shows whole
records costs one BatchGet more. Fails when a budget of the design is broken.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from bench.search_library import CountedLists, Library, Meter
from chalicelib.catalogue.lists import TOP, Bounds, Question
from chalicelib.catalogue.models import Order
from chalicelib.catalogue.rules import Facet, size_text
from chalicelib.catalogue.search import Search

SIZES = (100, 10_000, 1_000_000)
SAMPLES = int(os.environ.get("SEARCH_SAMPLES", "100"))
PAGE = 20
ONE_FACET = ("tag", "type, by name", "extension, by size")


@dataclass(frozen=True)
class Shapes:
    """Makes questions about a library, each from a file that is there."""

    library: Library
    numbers: random.Random

    def file(self, tags: int = 0) -> int:
        """Return a file with at least so many tags."""
        while True:
            number = self.numbers.randrange(self.library.count)
            if len(self.of(number, "tag")) >= tags:
                return number

    def of(self, number: int, name: str) -> list[Facet]:
        """Return a file's attributes of one name."""
        return [facet for facet in self.library.facets[number] if facet[0] == name]

    def facets(self, *names: str) -> Question:
        """Return a question for a file's own values; a name given twice takes two."""
        number = self.file(names.count("tag"))
        found: list[Facet] = []
        for name in dict.fromkeys(names):
            found += self.numbers.sample(self.of(number, name), names.count(name))
        return Question(facets=tuple(sorted(found)))

    def words(self, count: int, *names: str) -> Question:
        """Return a question for words of a file, and for its own values."""
        number = self.file(names.count("tag"))
        words = self.numbers.sample(self.library.words[number], min(count, len(self.library.words[number])))
        found = [self.numbers.choice(self.of(number, name)) for name in names]
        return Question(facets=tuple(sorted(found)), words=tuple(words))

    def all(self) -> dict[str, Callable[[], Question]]:
        """Return what makes a question of each shape."""
        near = self.library.sizes[self.numbers.randrange(self.library.count)]
        size = Bounds(size_text(int(near * 0.9)), size_text(int(near * 1.1)) + TOP)
        largest = Bounds(size_text(sorted(self.library.sizes)[-max(2, self.library.count // 1000)]), None)
        return {
            "no filter": Question,
            "tag": lambda: self.facets("tag"),
            "type, by name": lambda: by_name(self.facets("type")),
            "extension, by size": lambda: replace(self.facets("ext"), order=Order.SIZE),
            "type+tag": lambda: self.facets("type", "tag"),
            "tag+tag": lambda: self.facets("tag", "tag"),
            "category+extension+tag": lambda: self.facets("category", "ext", "tag"),
            "type+tag, by name": lambda: by_name(self.facets("type", "tag")),
            "type+size range": lambda: replace(self.facets("type"), size=size),
            "largest thousandth": lambda: Question(size=largest),
            "failed+type": lambda: Question(facets=(("status", "failed"), *self.facets("type").facets)),
            "word": lambda: self.words(1),
            "word+tag": lambda: self.words(1, "tag"),
            "word+type": lambda: self.words(1, "type"),
            "word+type, by name": lambda: by_name(self.words(1, "type")),
            "two words": lambda: self.words(2),
            "nothing: pdf+image": lambda: Question(facets=(("ext", "pdf"), ("type", "image"))),
        }


def by_name(question: Question) -> Question:
    """Return the same question, answered by name."""
    return replace(question, order=Order.NAME, descending=False)


def measure(
    lists: CountedLists, make: Callable[[], Question], samples: int = SAMPLES
) -> tuple[list[Meter], float, int]:
    """Ask some questions; return what each cost, the median of milliseconds, and how many pages were short."""
    meters, times, short = [], [], 0
    for _ in range(samples):
        question = make()
        lists.meter = Meter()
        began = time.perf_counter()
        found = Search(lists, question, limit=PAGE, newest=lists.library.newest).run()
        times.append((time.perf_counter() - began) * 1000)
        meters.append(lists.meter)
        short += found.last is not None and len(found.matches) < PAGE
    return meters, sorted(times)[len(times) // 2], short


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return median, 95th percentile and maximum."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1]


def main() -> None:
    """Print a table for each size, and judge."""
    units_of_one_facet: dict[str, list[float]] = {shape: [] for shape in ONE_FACET}
    facet_calls: list[float] = []
    word_meters: dict[int, list[Meter]] = {}
    for count in [int(size) for size in sys.argv[1:]] or SIZES:
        library = Library(count)
        lists = CountedLists(library)
        print(
            f"\n{count:,} files{'':16s}{'calls':>16s}{'rounds':>14s}{'units':>20s}{'rows':>22s}{'ms':>8s} short"
        )
        for shape, make in Shapes(library, random.Random(7)).all().items():
            meters, milliseconds, short = measure(lists, make)
            columns = [
                "/".join(f"{value:,.0f}" for value in spread([getattr(meter, name) for meter in meters]))
                for name in ("calls", "rounds", "units", "looked_at")
            ]
            print(
                f"{shape:26s}{columns[0]:>14s}{columns[1]:>14s}{columns[2]:>20s}{columns[3]:>22s}"
                f"{milliseconds:8.1f} {short:5d}"
            )
            if shape in units_of_one_facet:
                units_of_one_facet[shape].append(spread([meter.units for meter in meters])[0])
                assert {meter.calls for meter in meters} == {1}, f"{shape}: one call"
            if "+" in shape and "word" not in shape and "range" not in shape and "nothing" not in shape:
                facet_calls += [meter.calls for meter in meters]
            if "word+" in shape and "by" not in shape:
                word_meters.setdefault(count, []).extend(meters)
    judge(units_of_one_facet, facet_calls, word_meters)


def judge(
    one_facet: dict[str, list[float]], facet_calls: list[float], word_meters: dict[int, list[Meter]]
) -> None:
    """Compare with the budgets of the design, that of words at each size; end with 1 when one is broken."""
    same = all(max(units) - min(units) <= 1 for units in one_facet.values())
    facets = spread(facet_calls)
    print(f"\none facet: one call and the same units at every size: {same}")
    print(f"two or three facets: calls median {facets[0]:.0f} (2), p95 {facets[1]:.0f} (4)")
    kept = same and facets[0] <= 2 and facets[1] <= 4
    for count, meters in word_meters.items():
        calls, rounds = (
            spread([getattr(meter, name) for meter in meters])[0] for name in ("calls", "rounds")
        )
        print(
            f"words with facets, {count:,} files: calls median {calls:.0f} (5), rounds median {rounds:.0f} (3)"
        )
        kept = kept and calls <= 5 and rounds <= 3
    sys.exit(not kept)


if __name__ == "__main__":
    main()
