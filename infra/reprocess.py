"""Examine content again: `python -m infra.reprocess [--owner ID] [--older-than VERSION] [--per-second 5] [--dry-run]`.

For when the extractor or the workshop has learnt something. Every blob that an older version of the extractor has
examined, or whose renditions an older version of the workshop has made, gets a message; the functions do the rest, in
their lanes. It can be ended and begun again at any time: what was done by then is not sent again.
"""

import argparse
import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3

from chalicelib.blobs.arrivals import Arrival, message
from chalicelib.renditions.rules import is_due
from chalicelib.wiring import Library, library

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def outdated(
    dynamodb: "DynamoDBClient", library: Library, below: int, owner: str | None
) -> Iterator[Arrival]:
    """Yield the content whose newest facts are of a version below, or whose renditions are due.

    A Scan, which no request makes, and a call for each blob.
    """
    newest: dict[str, int] = {}
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=library.settings.metadata_table,
        FilterExpression="begins_with(sk, :facts)",
        ExpressionAttributeValues={":facts": {"S": "v"}},
        ProjectionExpression="pk, sk",
    )
    for page in pages:
        for item in page["Items"]:
            key, version = item["pk"]["S"], int(item["sk"]["S"][1:])
            newest[key] = max(version, newest.get(key, 0))
    for key, version in newest.items():
        _, owner_id, sha256 = key.split("#")
        blob = library.blobs.find(owner_id, sha256) if owner in {None, owner_id} else None
        if blob is not None and blob.members and (version < below or is_due(blob)):
            yield Arrival(owner_id, sha256, blob.size, again=version < below)


def reprocess(library: Library, arrivals: Iterator[Arrival], per_second: float, *, dry_run: bool) -> int:
    """Send a message for each, so many a second; return how many."""
    count = 0
    for arrival in arrivals:
        if not dry_run:
            library.queue.send(message(arrival))
            time.sleep(1 / per_second)
        count += 1
    return count


def main() -> None:
    """Run the command."""
    from chalicelib.extraction.examine import EXTRACTOR_VERSION  # noqa: PLC0415 - starts nothing, but is heavy

    parser = argparse.ArgumentParser(prog="python -m infra.reprocess", description="Examine content again.")
    parser.add_argument("--owner", help="only this account's content")
    parser.add_argument("--older-than", type=int, default=EXTRACTOR_VERSION, help="facts of lower versions")
    parser.add_argument("--per-second", type=float, default=5.0, help="messages a second at most")
    parser.add_argument("--dry-run", action="store_true", help="count only")
    options = parser.parse_args()
    ours = library()
    found = outdated(boto3.client("dynamodb"), ours, options.older_than, options.owner)
    count = reprocess(ours, found, options.per_second, dry_run=options.dry_run)
    print(json.dumps({"sent": 0 if options.dry_run else count, "found": count}))


if __name__ == "__main__":
    main()
