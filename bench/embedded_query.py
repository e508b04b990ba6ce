"""What a page of 20 costs in a partition of 100 and in one of 100,000, side by side in one run.

    python bench/embedded_query.py [--large 100000] [--rounds 10]

Every kind of Query is timed on the small and on the large partition in turns, so that a noisy machine slows both.
Requests are signed once and sent raw, so that the SDK's own time does not hide the server's. The large page may
cost at most twice the small one; exit status 1 otherwise.
"""

import argparse
import functools
import http.client
import itertools
import json
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from infra.local.embedded_aws.process import EmbeddedAws

SMALL = 100
PAGE = 20
LIMIT = 2.0  # the large partition's page over the small one's
QUERIES = 30  # per round, kind and partition
TABLE = "files"
INDEXES = {"table": ("owner", "id"), "LSI": ("owner", "name"), "GSI": ("group", "id")}


class Kind(NamedTuple):
    """A way to ask for 20 items."""

    keys: str  # of INDEXES
    forward: bool
    from_cursor: bool

    def __str__(self) -> str:
        direction = "forward" if self.forward else "backward"
        return f"{self.keys:5s} {direction:8s} {'from a cursor' if self.from_cursor else 'from the end'}"


KINDS = [Kind(*parts) for parts in itertools.product(INDEXES, (True, False), (False, True))]


class Connection:
    """Signed requests over one kept connection."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.credentials = Credentials(*aws.root_credentials)
        self.url = aws.endpoint_url + "/"
        self.connection = http.client.HTTPConnection(self.url.split("/")[2], timeout=120)

    def signed(self, action: str, request: dict[str, Any]) -> AWSRequest:
        """A request that may be sent many times within five minutes."""
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        made = AWSRequest("POST", self.url, headers=headers, data=json.dumps(request).encode())
        SigV4Auth(self.credentials, "dynamodb", "us-east-1").add_auth(made)
        return made

    def send(self, request: AWSRequest) -> dict[str, Any]:
        """Its answer; anything but 200 ends the run."""
        self.connection.request("POST", "/", request.data, dict(request.headers.items()))
        response = self.connection.getresponse()
        body = response.read()
        if response.status != http.HTTPStatus.OK:
            sys.exit(f"{response.status}: {body[:300]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer


def key_schema(hash_name: str, range_name: str) -> list[dict[str, str]]:
    """Of a table or an index."""
    return [
        {"AttributeName": hash_name, "KeyType": "HASH"},
        {"AttributeName": range_name, "KeyType": "RANGE"},
    ]


def create_table(connection: Connection) -> None:
    """A table with a local and a global index, as the library's own tables have them."""
    projected = {"Projection": {"ProjectionType": "ALL"}}
    request: dict[str, Any] = {
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": key_schema(*INDEXES["table"]),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "S"} for name in ("owner", "id", "name", "group")
        ],
    }
    for field, index in (("LocalSecondaryIndexes", "LSI"), ("GlobalSecondaryIndexes", "GSI")):
        request[field] = [{"IndexName": index, "KeySchema": key_schema(*INDEXES[index]), **projected}]
    connection.send(connection.signed("CreateTable", request))


def item(owner: str, number: int) -> dict[str, Any]:
    """The n-th item of an owner, 0.3 KB."""
    name = f"n{number * 7919 % 1_000_003:08d}"  # another order than that of the ids
    texts = {"owner": owner, "id": f"{number:08d}", "name": name, "group": owner, "pad": "x" * 200}
    return {attribute: {"S": text} for attribute, text in texts.items()}


def load(aws: EmbeddedAws, owner: str, numbers: range) -> None:
    """Write an owner's items."""
    connection = Connection(aws)
    for batch in itertools.batched(numbers, 25):
        puts = [{"PutRequest": {"Item": item(owner, number)}} for number in batch]
        connection.send(connection.signed("BatchWriteItem", {"RequestItems": {TABLE: puts}}))


def load_all(aws: EmbeddedAws, counts: dict[str, int]) -> None:
    """Write every owner's items over two connections."""
    for owner, count in counts.items():
        began = time.perf_counter()
        halves = [range(count // 2), range(count // 2, count)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(functools.partial(load, aws, owner), halves))
        took = time.perf_counter() - began
        print(f"{count:,} items loaded in {took:.1f} s ({count / took:,.0f}/s)")


def query(kind: Kind, owner: str, count: int) -> dict[str, Any]:
    """A Query for a page of an owner with so many items."""
    request: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "#h = :h",
        "ExpressionAttributeNames": {"#h": INDEXES[kind.keys][0]},
        "ExpressionAttributeValues": {":h": {"S": owner}},
        "ScanIndexForward": kind.forward,
        "Limit": PAGE,
    }
    if kind.keys != "table":
        request["IndexName"] = kind.keys
    if kind.from_cursor:
        middle = item(owner, count // 2)
        request["ExclusiveStartKey"] = {name: middle[name] for name in {"owner", "id", *INDEXES[kind.keys]}}
    return request


def measure(connection: Connection, kind: Kind, counts: dict[str, int], rounds: int) -> dict[str, float]:
    """Median milliseconds per owner."""
    requests = {
        owner: connection.signed("Query", query(kind, owner, count)) for owner, count in counts.items()
    }
    times: dict[str, list[float]] = {owner: [] for owner in counts}
    for _ in range(rounds):
        for owner, request in requests.items():
            for _ in range(QUERIES):
                began = time.perf_counter()
                answer = connection.send(request)
                times[owner].append(time.perf_counter() - began)
                assert answer["Count"] == PAGE, answer
    return {owner: statistics.median(taken) * 1000 for owner, taken in times.items()}


def main() -> None:
    """Load, measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--large", type=int, default=100_000, help="items in the large partition")
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    counts = {"small": SMALL, "large": options.large}
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, EmbeddedAws(Path(folder)) as aws:
        connection = Connection(aws)
        create_table(connection)
        load_all(aws, counts)
        print(
            f"\n{'query of 20 (p50, ms)':32s} {f'of {SMALL}':>12s} {f'of {options.large:,}':>12s} {'ratio':>7s}"
        )
        for kind in KINDS:
            taken = measure(connection, kind, counts, options.rounds)
            ratio = taken["large"] / taken["small"]
            worst = max(worst, ratio)
            print(f"{kind!s:32s} {taken['small']:12.2f} {taken['large']:12.2f} {ratio:7.2f}")
    print(f"\nworst ratio {worst:.2f}, allowed {LIMIT:.2f}")
    sys.exit(worst > LIMIT)


if __name__ == "__main__":
    main()
