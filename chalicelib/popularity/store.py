"""How often files were used, in the table `files`.

| row | pk | sk | holds |
|---|---|---|---|
| uses | `file#<id>` | `uses` | `owner_id`, `views`, `downloads`, `last_used_at` |
| in the owner's ranking | `popular#<owner>` | `<views and downloads, 12 digits>#<file id>` | the same |
| in everybody's ranking | `popular#` | the same | the same |
| counted batch | `uses#<batch>` | `batch` | `ttl`: kept longer than a message can be on its way |

A use moves a file's rows in both rankings, so a ranking is one Query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import ABSENT, Delete, Item, Key, Put, Rows, Tables, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.core.errors import LibraryError

KEPT = timedelta(days=15)
"""Messages live for 14 days."""


class CountedAlready(LibraryError):
    """The batch has come before."""


class Overtaken(LibraryError):
    """Another worker has just counted uses of one of the files."""


@dataclass(frozen=True)
class Uses:
    """How often a file was looked at and fetched."""

    file_id: str
    owner_id: str
    views: int = 0
    downloads: int = 0
    last_used_at: datetime | None = None

    @property
    def rank(self) -> str:
        """Return its place in a ranking."""
        return f"{self.views + self.downloads:012d}#{self.file_id}"

    @property
    def used(self) -> bool:
        """Tell whether it was ever used."""
        return self.last_used_at is not None


@dataclass(frozen=True)
class UseStore:
    """Reads uses; describes their writes."""

    tables: Tables
    table: str

    def get_many(self, file_ids: Sequence[str]) -> dict[str, Uses]:
        """Read the uses of up to 100 files; those never used are left out."""
        return {
            item["pk"].removeprefix("file#"): _uses(item["pk"].removeprefix("file#"), item)
            for item in self.tables.get_many(self.table, [_key(one) for one in file_ids])
        }

    def ranking(self, owner_id: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of an owner's ranking ("": everybody's), the most used first, going on after a place."""
        pk = _ranking(owner_id)
        start = {"pk": pk, "sk": after} if after else None
        return self.tables.query(
            self.table, KeyCondition("pk").eq(pk), limit=limit, forward=False, start=start
        )

    def counted(self, batch: str, at: datetime) -> Write:
        """Describe that a batch is counted; refused with CountedAlready."""
        item = {"pk": f"uses#{batch}", "sk": "batch", "ttl": int((at + KEPT).timestamp())}
        return Put(self.table, item, ABSENT, refused=CountedAlready("These uses are counted already."))

    def move(self, before: Uses, after: Uses) -> list[Write]:
        """Describe more uses of a file, and its new place in both rankings; refused with Overtaken."""
        as_read = Attr("views").eq(before.views) & Attr("downloads").eq(before.downloads)
        overtaken = Overtaken("Others were just counted.")
        values = _item(after)
        put = Put(
            self.table, _key(after.file_id) | values, as_read if before.used else ABSENT, refused=overtaken
        )
        left: list[Write] = [Delete(self.table, key) for key in _places(before)] if before.used else []
        return [put, *left, *(Put(self.table, key | values) for key in _places(after))]

    def forget(self, uses: Uses) -> list[Write]:
        """Describe that nothing is known of a file's uses any more."""
        return [Delete(self.table, key) for key in (_key(uses.file_id), *_places(uses))]


def ranked(item: Item) -> Uses:
    """Return the uses in a row of a ranking."""
    return _uses(item["sk"].partition("#")[2], item)


def _key(file_id: str) -> Key:
    return {"pk": f"file#{file_id}", "sk": "uses"}


def _ranking(owner_id: str) -> str:
    return f"popular#{owner_id}"


def _places(uses: Uses) -> list[Key]:
    return [{"pk": _ranking(owner_id), "sk": uses.rank} for owner_id in (uses.owner_id, "")]


def _item(uses: Uses) -> Item:
    values = vars(uses) | {"last_used_at": to_text(uses.last_used_at) if uses.last_used_at else None}
    return {name: value for name, value in values.items() if name != "file_id"}


def _uses(file_id: str, item: Item) -> Uses:
    last = from_text(item["last_used_at"]) if item["last_used_at"] else None
    return Uses(file_id, item["owner_id"], int(item["views"]), int(item["downloads"]), last)
