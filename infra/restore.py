"""Brings a stage's tables back to a moment of the last 35 days.

    python -m infra.restore --stage test --to 2026-11-21T08:00:00Z

DynamoDB restores into new tables only, and the functions know the old ones. So each table is restored beside itself,
all to the same moment, for transactions span them; then the live table gets the rows of its copy, what came later is
removed, and the copy goes. Cut off, it is begun anew: nothing is lost, for the moment stays within reach.
"""

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3

from infra.package.stack import Stage

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

type Row = dict[str, Any]
TABLES = ("UsersTable", "FilesTable", "TagsTable", "MetadataTable", "ActivityTable")
WRITTEN_AT_ONCE, READ_AT_ONCE = 25, 100  # DynamoDB's most


def copy_of(dynamodb: "DynamoDBClient", table: str, moment: datetime) -> str:
    """Restore a table beside itself, wait for it, and return its copy's name; minutes to hours on AWS."""
    copy = f"{table}-at-{moment:%Y%m%dT%H%M%S}"
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=copy, RestoreDateTime=moment
    )
    dynamodb.get_waiter("table_exists").wait(
        TableName=copy, WaiterConfig={"Delay": 5, "MaxAttempts": 12 * 60 * 24}
    )
    return copy


def bring_back(dynamodb: "DynamoDBClient", table: str, copy: str) -> tuple[int, int]:
    """Give a table the rows of its copy; return how many were written, and how many removed. Safe to repeat."""
    names = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    puts = ({"PutRequest": {"Item": row}} for row in _rows(dynamodb, copy))
    written = _write(dynamodb, table, puts)
    later = (
        {"DeleteRequest": {"Key": key}}
        for some in itertools.batched((_key(row, names) for row in _rows(dynamodb, table)), READ_AT_ONCE)
        for key in _missing(dynamodb, copy, some)
    )
    return written, _write(dynamodb, table, later)


def restore(
    dynamodb: "DynamoDBClient", tables: Iterable[str], moment: datetime, say: Callable[[str], None]
) -> None:
    """Bring all tables back to one moment."""
    copies = {table: copy_of(dynamodb, table, moment) for table in tables}
    for table, copy in copies.items():
        written, removed = bring_back(dynamodb, table, copy)
        dynamodb.delete_table(TableName=copy)
        say(f"{table}: {written:,} rows as they were, {removed:,} that came later removed")


def _rows(dynamodb: "DynamoDBClient", table: str) -> Iterator[Row]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return (row for page in pages for row in page["Items"])


def _key(row: Row, names: list[str]) -> Row:
    return {name: row[name] for name in names}


def _missing(dynamodb: "DynamoDBClient", table: str, keys: tuple[Row, ...]) -> list[Row]:
    names, found, waiting = list(keys[0]), [], list(keys)
    while waiting:
        answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": waiting, "ConsistentRead": True}})
        found += [_key(row, names) for row in answer["Responses"].get(table, [])]
        waiting = list(answer["UnprocessedKeys"].get(table, {"Keys": []})["Keys"])
    return [key for key in keys if key not in found]


def _write(dynamodb: "DynamoDBClient", table: str, requests: Iterable[Any]) -> int:
    count = 0
    for some in itertools.batched(requests, WRITTEN_AT_ONCE):
        waiting: list[Any] = list(some)
        while waiting:
            answer = dynamodb.batch_write_item(RequestItems={table: waiting})
            waiting = list(answer["UnprocessedItems"].get(table, []))
        count += len(some)
    return count


def main() -> None:
    """Restore what the command line says."""
    parser = argparse.ArgumentParser(description="Bring a stage's tables back to a moment.")
    parser.add_argument("--stage", required=True)
    parser.add_argument("--to", required=True, type=datetime.fromisoformat, help="as 2026-11-21T08:00:00Z")
    given = parser.parse_args()
    session = boto3.Session()
    outputs = Stage(session, given.stage).outputs()
    restore(session.client("dynamodb"), [outputs[name] for name in TABLES], given.to.astimezone(UTC), print)


if __name__ == "__main__":
    main()
