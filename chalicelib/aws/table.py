"""DynamoDB: stores describe writes, services commit them as one transaction.

A write may carry a condition and the error that its failure means. `commit` sends all writes of a change as one
TransactWriteItems; the first failed condition comes back as its own error, so nobody parses cancellation reasons.

IAM: dynamodb:GetItem, Query, BatchGetItem, Scan, PutItem, UpdateItem, DeleteItem, ConditionCheckItem on the tables.
Limits (AWS, "DynamoDB transactions: how it works"): 100 items and 4 MB a transaction, 100 keys a BatchGetItem.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from boto3.dynamodb.conditions import Attr, AttributeExists, AttributeNotExists, ConditionBase
from boto3.dynamodb.conditions import ConditionExpressionBuilder as Builder
from botocore.exceptions import ClientError

from chalicelib.aws.expressions import conditions, pack, unpack, update_expression
from chalicelib.aws.guard import with_guard
from chalicelib.core.errors import LibraryError, Unavailable

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import QueryInputTypeDef

Key = dict[str, str]
Item = dict[str, Any]
ABSENT = AttributeNotExists(Attr("pk"))
PRESENT = AttributeExists(Attr("pk"))
MAX_TRANSACTION_ITEMS = 99  # of DynamoDB's 100; one is kept for the guard of a request
MAX_BATCH_KEYS = 100
TRIES = 5
RETRIED = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
THROTTLED = {
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
    "TransactionConflictException",
}


@dataclass(frozen=True)
class Put:
    """Write a whole item. `refused` is raised when `condition` does not hold."""

    table: str
    item: Item
    condition: ConditionBase | None = None
    refused: LibraryError | None = None


@dataclass(frozen=True)
class Update:
    """Change some attributes of an item: `set` and `remove` them, or `add` to numbers."""

    table: str
    key: Key
    set: Item = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: dict[str, int] = field(default_factory=dict)
    condition: ConditionBase | None = None
    refused: LibraryError | None = None


@dataclass(frozen=True)
class Delete:
    """Remove an item; removing what is not there succeeds unless a condition says otherwise."""

    table: str
    key: Key
    condition: ConditionBase | None = None
    refused: LibraryError | None = None


@dataclass(frozen=True)
class Check:
    """Change nothing, but let the transaction fail when the condition does not hold."""

    table: str
    key: Key
    condition: ConditionBase
    refused: LibraryError | None = None


Write = Put | Update | Delete | Check


class ConditionFailed(LibraryError):
    """A condition failed that no caller had given a meaning: a fault of the program."""


@dataclass(frozen=True)
class Rows:
    """One page of a Query, the key to go on from, and how many items were looked at for it."""

    items: list[Item]
    next_key: Key | None
    looked_at: int


class Tables:
    """Reads and transactions over all tables; rows in and out are plain Python values."""

    def __init__(
        self, client: Callable[[], "DynamoDBClient"], pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._pause = pause

    def get(self, table: str, key: Key) -> Item | None:
        """Read one item, strongly consistent."""
        answer = self._client().get_item(TableName=table, Key=pack(key), ConsistentRead=True)
        return unpack(answer["Item"]) if "Item" in answer else None

    def get_many(self, table: str, keys: Sequence[Key]) -> list[Item]:
        """Read up to 100 items in one call (and further calls for what DynamoDB left out); those that are there."""
        return [item for item in self.get_from([(table, key) for key in keys]) if item is not None]

    def get_from(self, places: Sequence[tuple[str, Key]]) -> list[Item | None]:
        """Read up to 100 items of any tables in one call (or more, as above), each in the place of its key."""
        found: dict[tuple[str, ...], Item] = {}
        waiting: Any = {}
        for table, key in places:
            waiting.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(pack(key))
        for turn in range(TRIES):
            if not waiting:
                return [found.get((table, key["pk"], key["sk"])) for table, key in places]
            self._pause(_backoff(turn) if turn else 0)
            answer = self._client().batch_get_item(RequestItems=waiting)
            for table, items in answer["Responses"].items():
                found |= {(table, row["pk"], row["sk"]): row for row in map(unpack, items)}
            waiting = {name: left for name, left in answer["UnprocessedKeys"].items() if left["Keys"]}
        raise overloaded()

    def query(
        self,
        table: str,
        condition: ConditionBase,
        *,
        index: str | None = None,
        limit: int | None = None,
        forward: bool = True,
        start: Key | None = None,
        where: ConditionBase | None = None,
    ) -> Rows:
        """Read one page of a partition in key order, strongly consistent (at most 1 MB looked at).

        Only a global index (its name begins with `global_`) lags behind, by milliseconds as a rule.
        `where` filters what was looked at: it saves bytes on the way, not capacity.
        """
        request: dict[str, Any] = {
            "TableName": table,
            **conditions(condition, where),
            "ScanIndexForward": forward,
            "ConsistentRead": not (index or "").startswith("global_"),
        }
        optional = {"IndexName": index, "Limit": limit, "ExclusiveStartKey": start and pack(start)}
        request |= {name: value for name, value in optional.items() if value}
        answer = self._client().query(**cast("QueryInputTypeDef", request))
        last = answer.get("LastEvaluatedKey")
        items = [unpack(item) for item in answer["Items"]]
        return Rows(items, unpack(last) if last else None, answer["ScannedCount"])

    def scan(self, table: str, condition: ConditionBase, *, limit: int, start: Key | None) -> Rows:
        """Read one page of a whole table, of which at most `limit` items are looked at: for the sweep only.

        Not strongly consistent: what it finds is looked at again before anything is done about it.
        """
        built = Builder().build_expression(condition)
        request: dict[str, Any] = {
            "TableName": table,
            "Limit": limit,
            "FilterExpression": built.condition_expression,
            "ExpressionAttributeNames": built.attribute_name_placeholders,
            "ExpressionAttributeValues": pack(built.attribute_value_placeholders),
        }
        answer = self._client().scan(**request, **({"ExclusiveStartKey": pack(start)} if start else {}))
        last = answer.get("LastEvaluatedKey")
        rows = [unpack(item) for item in answer["Items"]]
        return Rows(rows, unpack(last) if last else None, answer["ScannedCount"])

    def query_all(self, table: str, condition: ConditionBase) -> Iterator[Item]:
        """Read a whole partition, page by page."""
        start: Key | None = None
        while True:
            rows = self.query(table, condition, start=start)
            yield from rows.items
            start = rows.next_key
            if start is None:
                return

    def update(self, write: Update) -> Item:
        """Make one update by itself and return the whole new item.

        Outside a transaction: parallel ones on one item queue, where transactions would conflict. Raises the
        update's `refused` error when its condition fails.
        """
        request = _transact_item(write)["Update"]
        try:
            answer = self._client().update_item(**request, ReturnValues="ALL_NEW")
        except self._client().exceptions.ConditionalCheckFailedException as error:
            raise (write.refused or ConditionFailed(f"A condition on {write.table} failed.")) from error
        return unpack(answer["Attributes"])

    def commit(self, writes: Sequence[Write]) -> None:
        """Make all the writes true, or none.

        Raises the `refused` error of the first write whose condition fails, and Unavailable when conflicts or
        throttling last longer than a few tries. Sent with an idempotency token: a try whose answer was lost is
        not applied twice.
        """
        writes = with_guard(writes)
        request = [_transact_item(write) for write in writes]
        for turn in range(TRIES):
            self._pause(_backoff(turn) if turn else 0)
            try:
                self._client().transact_write_items(TransactItems=request)
            except ClientError as error:
                _raise_unless_retriable(error, writes)
            else:
                return
        raise overloaded()


def overloaded() -> Unavailable:
    """Return the error for conflicts and throttling that outlast the tries."""
    return Unavailable("The library is busy with this item. Try again in a second.", retry_after=1)


def until_not_overtaken[Result](attempt: Callable[[], Result], *overtaken: type[LibraryError]) -> Result:
    """Repeat a read-and-commit that another change overtook. Raises Unavailable when that goes on."""
    for _ in range(TRIES):
        try:
            return attempt()
        except overtaken:
            continue
    raise overloaded()


def _backoff(turn: int) -> float:
    """Return seconds to wait before a try: full jitter up to 50 ms, doubled each time."""
    return random.uniform(0, 0.05 * 2**turn)  # noqa: S311 - jitter is no secret


def _raise_unless_retriable(error: ClientError, writes: Sequence[Write]) -> None:
    code = error.response["Error"]["Code"]
    if code in THROTTLED:
        return
    if code != "TransactionCanceledException":
        raise error
    reasons = [reason.get("Code", "None") for reason in cast("Any", error.response)["CancellationReasons"]]
    for write, reason in zip(writes, reasons, strict=True):
        if reason == "ConditionalCheckFailed":
            raise (write.refused or ConditionFailed(f"A condition on {write.table} failed.")) from error
    if not set(reasons) & RETRIED:
        raise error


def _transact_item(write: Write) -> Any:
    request: dict[str, Any] = {"TableName": write.table}
    names: dict[str, str] = {}
    values: Item = {}
    match write:
        case Put():
            request["Item"] = pack(write.item)
        case Update():
            request["Key"] = pack(write.key)
            request["UpdateExpression"] = update_expression(write, names, values)
        case Delete() | Check():
            request["Key"] = pack(write.key)
    if write.condition is not None:
        built = Builder().build_expression(write.condition)
        request["ConditionExpression"] = built.condition_expression
        names |= built.attribute_name_placeholders
        values |= built.attribute_value_placeholders
    if names:
        request["ExpressionAttributeNames"] = names
    if values:
        request["ExpressionAttributeValues"] = pack(values)
    return {"ConditionCheck" if isinstance(write, Check) else type(write).__name__: request}
