"""Pictures that look alike: perceptual hashes that differ in few of their 64 bits.

The bits are cut into eight bands of a byte. Two hashes that differ in at most seven bits have at least one whole band
in common, and mostly more around it. There is a list for each band, ordered by the hash turned so that the band comes
first: a picture's neighbours in it are those with the most leading bits in common. The nearest rows on both sides are
read in all lists, so the cost does not grow with the library.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Tables
from chalicelib.core.parallel import at_once

BANDS = 8
BITS = 64
AROUND = 150
"""Rows read of a list on each side, at most: about 4 read units."""
_DIGITS = 2  # of a band, and hexadecimal
_END = "\0"


@dataclass(frozen=True)
class Side:
    """The rows of a band's list on one side of a hash, which begins there with that band."""

    band: int
    key: str
    descending: bool


def look_list(owner_id: str, band: int) -> str:
    """Return the key of a list of an owner's pictures."""
    return f"{owner_id}#look#{band}"


def look_key(look: str, band: int, file_id: str) -> str:
    """Return a picture's place in the list of a band."""
    return f"{turned(look, band)}{_END}{file_id}"


def turned(look: str, band: int) -> str:
    """Return a hash with a band first."""
    return look[_DIGITS * band :] + look[: _DIGITS * band]


def distance(look: str, other: str) -> int:
    """Return the number of bits in which two hashes differ: 0 to 64."""
    return (int(look, 16) ^ int(other, 16)).bit_count()


def sides(look: str) -> list[Side]:
    """Return what is to be read."""
    return [Side(band, turned(look, band), down) for band in range(BANDS) for down in (False, True)]


def nearest(found: Iterable[tuple[Side, Iterable[str]]], most: int) -> dict[str, int]:
    """Return the files in the rows read whose hashes differ in at most so many bits, and in how many."""
    near: dict[str, int] = {}
    for side, keys in found:
        for key in keys:
            other, _, file_id = key.partition(_END)
            if (bits := distance(side.key, other)) <= most:
                near[file_id] = bits
    return near


@dataclass(frozen=True)
class Looks:
    """Reads the lists of looks in the table `tags`, strongly consistent."""

    tables: Tables
    table: str

    def near(self, owner_id: str, look: str, most: int) -> dict[str, int]:
        """Return an owner's pictures that differ from a hash in at most `most` bits, and in how many.

        Sixteen calls at once, each for at most 150 rows. Every picture within seven bits is found unless more than
        150 others are nearer to it in its band's order; farther ones are found nearly always.
        """
        asked = sides(look)
        found = at_once(lambda side: self._keys(owner_id, side), asked)
        return nearest(zip(asked, found, strict=True), most)

    def _keys(self, owner_id: str, side: Side) -> list[str]:
        own = KeyCondition("pk").eq(look_list(owner_id, side.band))
        key = KeyCondition("sk").lt(side.key) if side.descending else KeyCondition("sk").gte(side.key)
        rows = self.tables.query(self.table, own & key, limit=AROUND, forward=not side.descending)
        return [row["sk"] for row in rows.items]
