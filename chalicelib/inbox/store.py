"""File requests in the table `files`.

| row | pk | sk | holds |
|---|---|---|---|
| request | `ask#<token's hash>` | `request` | the FileRequest |
| in the owner's list | `asks#<owner>` | `<request id>` | `token_hash` |
| parcel | `ask#<token's hash>` | `parcel#<id>` | the Parcel, as JSON |

`ttl` removes all of them 30 days after the request expired.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition
from pydantic import TypeAdapter

from chalicelib.aws.table import ABSENT, PRESENT, Delete, Item, Key, Put, Rows, Tables, Update, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.core.errors import LibraryError
from chalicelib.inbox.models import FileRequest, Parcel, ParcelState, RequestChanged

KEPT = timedelta(days=30)
MOMENTS = ("created_at", "expires_at", "last_used_at")
NUMBERS = ("max_files", "max_bytes", "files", "bytes", "version")
TERMS = ("name", "message", "expires_at", "max_files", "max_bytes", "types", "tags", "version")
_parcels = TypeAdapter(Parcel)


class Settled(LibraryError):
    """The parcel came to its end before."""


@dataclass(frozen=True)
class RequestStore:
    """Reads requests and parcels; describes their writes."""

    tables: Tables
    table: str

    def get(self, token_hash: str) -> FileRequest | None:
        """Read the request of a token."""
        item = self.tables.get(self.table, _key(token_hash))
        return _request(item) if item else None

    def find(self, owner_id: str, request_id: str) -> FileRequest | None:
        """Read a request of an owner's by its id (two reads)."""
        row = self.tables.get(self.table, _listed(owner_id, request_id))
        return self.get(row["token_hash"]) if row else None

    def of_owner(self, owner_id: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of an owner's list, newest first, going on after an id."""
        start = _listed(owner_id, after) if after else None
        condition = KeyCondition("pk").eq(f"asks#{owner_id}")
        return self.tables.query(self.table, condition, limit=limit, forward=False, start=start)

    def get_many(self, hashes: Sequence[str]) -> dict[str, FileRequest]:
        """Read up to 100 requests by their tokens' hashes."""
        items = self.tables.get_many(self.table, [_key(one) for one in hashes])
        return {item["token_hash"]: _request(item) for item in items}

    def put_new(self, request: FileRequest) -> list[Write]:
        """Describe a new request and its place in the owner's list."""
        listed = {**_listed(request.owner_id, request.id), "token_hash": request.token_hash}
        return [Put(self.table, _item(request), ABSENT), Put(self.table, listed | _ttl(request), ABSENT)]

    def change(self, before: FileRequest, after: FileRequest) -> list[Write]:
        """Describe what the owner changed, leaving the counts alone; refused with RequestChanged."""
        item = _item(after)
        condition = PRESENT & Attr("version").eq(before.version)
        values = {name: item[name] for name in (*TERMS, "ttl")}
        listed = {**_listed(after.owner_id, after.id), "token_hash": after.token_hash}
        return [
            Update(self.table, _key(before.token_hash), values, condition=condition, refused=_changed()),
            Put(self.table, listed | _ttl(after)),
        ]

    def take(self, request: FileRequest, size: int, at: datetime) -> Write:
        """Describe that one more file of so many bytes is coming; refused with RequestChanged when there is no room."""
        unchanged = PRESENT & Attr("version").eq(request.version)
        room = Attr("files").lt(request.max_files) & Attr("bytes").lte(request.max_bytes - size)
        return Update(
            self.table,
            _key(request.token_hash),
            {"last_used_at": to_text(at)},
            add={"files": 1, "bytes": size},
            condition=unchanged & room,
            refused=_changed(),
        )

    def give_back(self, parcel: Parcel) -> Write:
        """Describe that a file did not come after all; refused with RequestChanged when the request is gone."""
        return Update(
            self.table,
            _key(parcel.token_hash),
            {},
            add={"files": -1, "bytes": -parcel.offer.size},
            condition=PRESENT,
            refused=_changed(),
        )

    def delete(self, request: FileRequest) -> list[Write]:
        """Describe the end of a request; what is on its way ends with it."""
        keys = [_key(request.token_hash), _listed(request.owner_id, request.id)]
        return [Delete(self.table, key) for key in keys]

    def unlist(self, owner_id: str, request_id: str) -> Write:
        """Describe that a request which is no more leaves its owner's list."""
        return Delete(self.table, _listed(owner_id, request_id))

    def parcel(self, token_hash: str, parcel_id: str) -> Parcel | None:
        """Read a parcel."""
        item = self.tables.get(self.table, _parcel_key(token_hash, parcel_id))
        return _parcels.validate_json(item["parcel"]) if item else None

    def parcels(self, token_hash: str) -> Iterator[Parcel]:
        """Read all parcels of a request, page by page."""
        condition = KeyCondition("pk").eq(f"ask#{token_hash}") & KeyCondition("sk").begins_with("parcel#")
        for item in self.tables.query_all(self.table, condition):
            yield _parcels.validate_json(item["parcel"])

    def put_parcel(self, parcel: Parcel, request: FileRequest) -> Write:
        """Describe a new parcel."""
        return Put(self.table, _parcel_item(parcel) | _ttl(request), ABSENT)

    def settle(self, parcel: Parcel, state: ParcelState) -> Write:
        """Describe how an open parcel ended; refused with Settled."""
        item = {"state": state.value}
        ended = Attr("state").eq(ParcelState.OPEN.value)
        key = _parcel_key(parcel.token_hash, parcel.id)
        refused = Settled("The parcel came to its end before.")
        return Update(self.table, key, item, condition=PRESENT & ended, refused=refused)

    def state(self, parcel: Parcel) -> ParcelState | None:
        """Read how a parcel stands; None when it is not there any more."""
        item = self.tables.get(self.table, _parcel_key(parcel.token_hash, parcel.id))
        return ParcelState(item["state"]) if item else None

    def drop(self, parcel: Parcel) -> Write:
        """Describe that nothing is known of a parcel any more."""
        return Delete(self.table, _parcel_key(parcel.token_hash, parcel.id))


def _changed() -> RequestChanged:
    return RequestChanged("The request has just changed. Read it again and repeat.")


def _key(token_hash: str) -> Key:
    return {"pk": f"ask#{token_hash}", "sk": "request"}


def _listed(owner_id: str, request_id: str) -> Key:
    return {"pk": f"asks#{owner_id}", "sk": request_id}


def _parcel_key(token_hash: str, parcel_id: str) -> Key:
    return {"pk": f"ask#{token_hash}", "sk": f"parcel#{parcel_id}"}


def _ttl(request: FileRequest) -> Item:
    return {"ttl": int((request.expires_at + KEPT).timestamp())}


def _parcel_item(parcel: Parcel) -> Item:
    key = _parcel_key(parcel.token_hash, parcel.id)
    return {**key, "state": parcel.state.value, "parcel": _parcels.dump_json(parcel).decode()}


def _item(request: FileRequest) -> Item:
    values: Item = vars(request) | {"types": list(request.types), "tags": list(request.tags)}
    moments = {name: to_text(values[name]) for name in MOMENTS if values[name] is not None}
    return {**_key(request.token_hash), **values, **moments, **_ttl(request)}


def _request(item: Item) -> FileRequest:
    values: dict[str, Any] = {one.name: item[one.name] for one in fields(FileRequest)}
    values |= {name: from_text(values[name]) for name in MOMENTS if values[name] is not None}
    values |= {name: int(values[name]) for name in NUMBERS}
    return FileRequest(**values | {"types": tuple(values["types"]), "tags": tuple(values["tags"])})
