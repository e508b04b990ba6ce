"""Finding near-duplicates among a thousand to a million pictures: what is found of what is there, rows and read units.

Hashes come in bursts, as cameras make them: a scene and up to twenty pictures that differ from it in 4 to 24 bits. Of
some pictures, copies that differ in 2 to 16 bits are hidden among the others; what the library reads around them is
counted as DynamoDB bills it. Beside it, comparing with every picture. `python -m bench.similar`
"""

import bisect
import random
import time
from array import array
from collections.abc import Iterator

from chalicelib.catalogue.looks import AROUND, BANDS, Side, distance, nearest, sides, turned

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DISTANCES = (2, 4, 6, 7, 8, 10, 12, 16)
ASKED = 40
ROW_BYTES = 100
"""Names and values of pk (47 bytes) and sk (53) of a row."""
UNIT = 4096


def flipped(look: int, bits: int, numbers: random.Random) -> int:
    """Return a hash that differs in some bits."""
    return look ^ sum(1 << place for place in numbers.sample(range(64), bits))


def bursts(count: int, numbers: random.Random) -> Iterator[int]:
    """Yield the hashes of a library's pictures."""
    while count > 0:
        scene = numbers.getrandbits(64)
        size = min(count, 1 + int(numbers.expovariate(0.2)))
        yield from (flipped(scene, numbers.randrange(4, 25), numbers) for _ in range(size))
        count -= size


class Lists:
    """The lists of looks as sorted numbers: the hash in hexadecimal is its picture's name."""

    def __init__(self, looks: list[int]) -> None:
        self.lists = [
            array("Q", sorted(int(turned(f"{look:016x}", band), 16) for look in looks))
            for band in range(BANDS)
        ]
        self.rows, self.units = 0, 0

    def read(self, side: Side) -> list[str]:
        """Return the keys of one side, and count what they cost."""
        numbers = self.lists[side.band]
        at = bisect.bisect_left(numbers, int(side.key, 16))
        found = numbers[max(0, at - AROUND) : at] if side.descending else numbers[at : at + AROUND]
        self.rows += len(found)
        self.units += max(1, -(-len(found) * ROW_BYTES // UNIT))
        back = BANDS - side.band
        return [f"{key}\0{turned(key, back)}" for key in (f"{number:016x}" for number in found)]


def measured(size: int) -> None:
    """Print a line for a library."""
    numbers = random.Random(size)
    looks = list(bursts(size, numbers))
    asked = numbers.sample(looks, ASKED)
    copies = {(look, bits): flipped(look, bits, numbers) for look in asked for bits in DISTANCES}
    looks += copies.values()
    lists = Lists(looks)
    started = time.perf_counter()
    found = {}
    for look in asked:
        places = sides(f"{look:016x}")
        found[look] = nearest([(side, lists.read(side)) for side in places], max(DISTANCES))
    here = 1000 * (time.perf_counter() - started) / ASKED
    started = time.perf_counter()
    key = f"{asked[0]:016x}"
    for look in looks:
        distance(key, f"{look:016x}")
    every = 1000 * (time.perf_counter() - started)
    recall = [
        sum(f"{copies[look, bits]:016x}" in found[look] for look in asked) / ASKED for bits in DISTANCES
    ]
    told = "".join(f"{100 * share:6.0f} %" for share in recall)
    print(
        f"{size:>9} {lists.rows / ASKED:8.0f} {lists.units / ASKED:7.0f} {told}   {here:6.1f} ms {every:8.0f} ms"
    )


def main() -> None:
    """Print the table."""
    print(f"{2 * BANDS} Queries at once, whatever the size. Found of the copies that differ in so many bits:")
    bits = "".join(f"{bits:>8}" for bits in DISTANCES)
    print(f"{'pictures':>9} {'rows':>8} {'units':>7} {bits}   comparing  with every one")
    for size in SIZES:
        measured(size)


if __name__ == "__main__":
    main()
