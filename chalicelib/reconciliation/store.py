"""How far each walk has come: table `files`, pk `walk`, sk its name; `after` is where to go on, absent at the start."""

from dataclasses import dataclass

from chalicelib.aws.table import Key, Put, Tables, Write


@dataclass(frozen=True)
class Bookmarks:
    """Remembers positions between runs; losing one only means that a walk starts again."""

    tables: Tables
    table: str

    def get(self, walk: str) -> dict[str, str] | None:
        """Read where a walk goes on."""
        item = self.tables.get(self.table, _key(walk))
        return item.get("after") if item else None

    def put(self, walk: str, after: dict[str, str] | None) -> Write:
        """Describe where a walk goes on; None lets it start again."""
        return Put(self.table, {**_key(walk), **({"after": after} if after else {})})


def _key(walk: str) -> Key:
    return {"pk": "walk", "sk": walk}
