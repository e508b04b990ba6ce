"""Share links in the table `files`.

| row | pk | sk | holds |
|---|---|---|---|
| link | `share#<token's hash>` | `link` | the Link; `ttl` removes it 30 days after it expired |
| in the owner's list | `links#<owner>` | `<link id>` | `token_hash` |
| in the file's list | `file#<file id>` | `link#<link id>` | `token_hash` |

A token finds its link in one read; both lists are in the order of creation, as ids are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import ABSENT, PRESENT, Delete, Item, Key, Put, Rows, Tables, Update, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.sharing.models import Link, LinkChanged

KEPT = timedelta(days=30)
"""How long an expired link says that it has expired; later it is unknown."""
MOMENTS = frozenset({"created_at", "expires_at", "last_used_at"})
NUMBERS = frozenset({"max_downloads", "views", "downloads", "version"})


@dataclass(frozen=True)
class Listed:
    """One row of a list: which link, and where it is."""

    link_id: str
    token_hash: str


@dataclass(frozen=True)
class LinkStore:
    """Reads links; describes their writes."""

    tables: Tables
    table: str

    def get(self, token_hash: str) -> Link | None:
        """Read the link of a token."""
        item = self.tables.get(self.table, _key(token_hash))
        return _link(item) if item else None

    def find(self, owner_id: str, link_id: str) -> Link | None:
        """Read a link of an owner's by its id (two reads)."""
        row = self.tables.get(self.table, {"pk": f"links#{owner_id}", "sk": link_id})
        return self.get(row["token_hash"]) if row else None

    def of_owner(self, owner_id: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of an owner's list, newest first, going on after a row."""
        return self._newest_first(
            KeyCondition("pk").eq(f"links#{owner_id}"), f"links#{owner_id}", limit, after
        )

    def of_file(self, file_id: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of a file's list, newest first, going on after a row."""
        condition = KeyCondition("pk").eq(f"file#{file_id}") & KeyCondition("sk").begins_with("link#")
        return self._newest_first(condition, f"file#{file_id}", limit, after)

    def get_many(self, hashes: Sequence[str]) -> dict[str, Link]:
        """Read up to 100 links by their tokens' hashes."""
        items = self.tables.get_many(self.table, [_key(one) for one in hashes])
        return {item["token_hash"]: _link(item) for item in items}

    def put_new(self, link: Link) -> list[Write]:
        """Describe a new link and its place in both lists."""
        listed = {"token_hash": link.token_hash}
        lists = [Put(self.table, {**key, **listed}, ABSENT) for key in _list_keys(link)]
        return [Put(self.table, _item(link), ABSENT), *lists]

    def change(self, before: Link, after: Link) -> Write:
        """Describe what the owner changed, leaving the counts alone; refused with LinkChanged."""
        terms = ("name", "expires_at", "password_hash", "max_downloads", "allow_download")
        item = _item(after)
        changed = {name: item[name] for name in (*terms, "strip_metadata", "version")}
        expires = {"ttl": item["ttl"]} if "ttl" in item else {}
        removed = () if expires else ("ttl",)
        condition = PRESENT & Attr("version").eq(before.version)
        return Update(
            self.table,
            _key(before.token_hash),
            changed | expires,
            removed,
            condition=condition,
            refused=_changed(),
        )

    def count(self, link: Link, counter: str, at: datetime) -> Update:
        """Describe one more view or download; refused with LinkChanged when the terms changed or all are taken."""
        unchanged = PRESENT & Attr("version").eq(link.version)
        if counter == "downloads" and link.max_downloads is not None:
            unchanged &= Attr("downloads").lt(link.max_downloads)
        return Update(
            self.table,
            _key(link.token_hash),
            {"last_used_at": to_text(at)},
            add={counter: 1},
            condition=unchanged,
            refused=_changed(),
        )

    def delete(self, link: Link) -> list[Write]:
        """Describe the end of a link."""
        return [Delete(self.table, key) for key in (_key(link.token_hash), *_list_keys(link))]

    def unlist(self, owner_id: str, file_id: str | None, link_id: str) -> list[Write]:
        """Describe that a link which is no more leaves the lists."""
        keys = [{"pk": f"links#{owner_id}", "sk": link_id}]
        keys += [{"pk": f"file#{file_id}", "sk": f"link#{link_id}"}] if file_id else []
        return [Delete(self.table, key) for key in keys]

    def _newest_first(self, condition: Any, pk: str, limit: int, after: str | None) -> Rows:
        start = {"pk": pk, "sk": after} if after else None
        return self.tables.query(self.table, condition, limit=limit, forward=False, start=start)


def _changed() -> LinkChanged:
    return LinkChanged("The link has just been changed by another request. Read it again and repeat.")


def _key(token_hash: str) -> Key:
    return {"pk": f"share#{token_hash}", "sk": "link"}


def _list_keys(link: Link) -> list[Key]:
    return [
        {"pk": f"links#{link.owner_id}", "sk": link.id},
        {"pk": f"file#{link.file_id}", "sk": f"link#{link.id}"},
    ]


def _item(link: Link) -> Item:
    values: Item = vars(link) | {
        name: to_text(moment) for name in MOMENTS if (moment := getattr(link, name)) is not None
    }
    expires = {"ttl": int((link.expires_at + KEPT).timestamp())} if link.expires_at else {}
    return {**_key(link.token_hash), **values, **expires}


def _link(item: Item) -> Link:
    values = {one.name: item[one.name] for one in fields(Link) if one.name in item}
    values |= {name: from_text(values[name]) for name in MOMENTS if values[name] is not None}
    values |= {name: int(values[name]) for name in NUMBERS if values[name] is not None}
    return Link(**values)
