"""Random proof that the patched Query and Scan answer exactly as the unmodified emulator, byte for byte.

Two instances of MiniStack's DynamoDB live in this process, one untouched and one patched; both get the same
random tables, writes and requests. The long form: EMBEDDED_AWS_ROUNDS=400 EMBEDDED_AWS_SEED=2 pytest <this file>.
"""

import collections
import copy
import importlib.util
import json
import logging
import os
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from infra.local.embedded_aws.fast_dynamodb import FastDynamoDB
from tests.infra.local.embedded_aws.random_queries import RandomQueries
from tests.infra.local.embedded_aws.random_tables import RandomTable, Request, key_schema

# MiniStack calls datetime.utcnow.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROUNDS = int(os.environ.get("EMBEDDED_AWS_ROUNDS", "6"))
SEED = int(os.environ.get("EMBEDDED_AWS_SEED", "1"))
REQUESTS = 120  # per round


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


def fresh_module(name: str) -> Any:
    """An own instance of a MiniStack module, which no other test shares."""
    spec = importlib.util.find_spec(name)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Pair:
    """The unmodified and the patched emulator."""

    def __init__(self) -> None:
        self.reference = fresh_module("ministack.services.dynamodb")
        self.patched = fresh_module("ministack.services.dynamodb")
        self.fast = FastDynamoDB(self.patched)
        self.fast.install()
        self.restored = 0

    def __iter__(self) -> Iterator[Any]:
        return iter((self.reference, self.patched))

    def both(self, function: str, request: Request) -> list[tuple[int, bytes]]:
        answers = [getattr(module, function)(copy.deepcopy(request)) for module in self]
        return [(status, body) for status, _headers, body in answers]

    def same(self, function: str, request: Request) -> tuple[int, Request]:
        reference, patched = self.both(function, request)
        assert patched == reference, (function, json.dumps(request)[:2000])
        return reference[0], json.loads(reference[1] or b"{}")


def rebuild_index(pair: Pair, table: RandomTable) -> None:
    if "gsi" not in table.indexes:
        return
    pair.both(
        "_update_table",
        {"TableName": table.name, "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "gsi"}}]},
    )
    create = {
        "IndexName": "gsi",
        "KeySchema": key_schema(*table.indexes["gsi"]),
        "Projection": {"ProjectionType": "ALL"},
    }
    pair.both(
        "_update_table",
        {
            "TableName": table.name,
            "AttributeDefinitions": table.attribute_definitions(),
            "GlobalSecondaryIndexUpdates": [{"Create": create}],
        },
    )


def reload_state(pair: Pair, table: RandomTable) -> None:
    for module in pair:
        key = next(key for key in module._tables._data if key[2] == table.name)
        state = json.loads(json.dumps(module.get_state()["tables"]._data[key]))
        module._tables._data.pop(key)
        tables = type(module._tables)()
        tables._data[key] = state
        module._restore_state({"tables": tables})


def restore_backup(pair: Pair, table: RandomTable) -> None:
    pair.restored += 1
    target = f"{table.name}-r{pair.restored}"
    for module in pair:
        _, _, body = module._create_backup({"TableName": table.name, "BackupName": "bk"})
        arn = json.loads(body)["BackupDetails"]["BackupArn"]
        module._restore_table_from_backup({"TargetTableName": target, "BackupArn": arn})
    table.name = target


def expire_items(pair: Pair, table: RandomTable) -> None:
    for module in pair:
        stored = module._tables.get(table.name)
        expired = [
            (pk, sk) for pk, sk_map in stored["items"].items() for sk, item in sk_map.items() if "ttl" in item
        ]
        for pk, sk in expired:
            module._remove_item(stored, pk, sk)


def recreate_table(pair: Pair, table: RandomTable) -> None:
    pair.both("_delete_table", {"TableName": table.name})
    pair.both("_create_table", table.create())


UPHEAVALS = [rebuild_index, reload_state, restore_backup, expire_items, recreate_table]


class Conversation:
    """Writes and requests in random order on one table of both emulators."""

    def __init__(self, pair: Pair, random: Random, name: str) -> None:
        self.pair, self.random = pair, random
        self.table = RandomTable(random, name)
        self.queries = RandomQueries(random, self.table)
        self.counts: collections.Counter[str] = collections.Counter()
        # The function, its request and the cursor of a page that goes on.
        self.followed: tuple[str, Request, Request] | None = None
        created = pair.both("_create_table", self.table.create())
        assert [status for status, _ in created] == [200, 200], created
        for _ in range(random.choice([0, 30, 120])):
            pair.same(*self.table.write())

    def step(self) -> None:
        if self.random.random() < 0.35:
            self.pair.same(*self.table.write())
        if self.random.random() < 0.02:
            self.random.choice(UPHEAVALS)(self.pair, self.table)
            self.followed = None
        self.ask("_query" if self.random.random() < 0.85 else "_scan")

    def ask(self, function: str) -> None:
        make = self.queries.query if function == "_query" else self.queries.scan
        followed = self.followed[1:] if self.followed and self.followed[0] == function else None
        request = make(followed)
        status, answer = self.pair.same(function, request)
        self.followed = None
        self.counts[f"{function} {status}"] += 1
        self.counts["items"] += answer.get("Count", 0)
        if "LastEvaluatedKey" in answer and self.random.random() < 0.7:
            self.counts["pages followed"] += 1
            page = {name: value for name, value in request.items() if name != "ExclusiveStartKey"}
            self.followed = (function, page, answer["LastEvaluatedKey"])


@pytest.mark.parametrize("number", range(ROUNDS))
def test_every_answer_equals_the_unmodified_emulators(number: int) -> None:
    pair = Pair()
    conversation = Conversation(pair, Random(f"{SEED}/{number}"), f"table-{number}")
    for _ in range(REQUESTS):
        conversation.step()
    counts = conversation.counts
    assert pair.fast.counts["surprise"] == 0
    assert pair.fast.counts["query fast"] > REQUESTS / 4, "the comparison went past the fast path"
    assert counts["_query 200"] > REQUESTS / 4, "the comparison compared errors"
    assert counts["items"] > 0
    assert counts["pages followed"] > 0


def put(module: Any, **item: Request) -> None:
    status, _headers, body = module._put_item({"TableName": "ordered", "Item": item})
    assert status == 200, body


def listed(module: Any, **request: Any) -> list[str]:
    status, _headers, body = module._query(
        {
            "TableName": "ordered",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "p"}},
            **request,
        }
    )
    assert status == 200, body
    return [next(iter(item["sk"].values())) for item in json.loads(body)["Items"]]


def made_table(kind: str) -> Any:
    module = fresh_module("ministack.services.dynamodb")
    FastDynamoDB(module).install()
    module._create_table(
        {
            "TableName": "ordered",
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": key_schema("pk", "sk"),
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": kind},
            ],
        }
    )
    return module


def test_numbers_are_ordered_by_value() -> None:
    module = made_table("N")
    for number in ("10", "9", "-1", "0.5", "1000"):
        put(module, pk={"S": "p"}, sk={"N": number})
    assert listed(module) == ["-1", "0.5", "9", "10", "1000"]
    assert listed(module, ScanIndexForward=False, Limit=2) == ["1000", "10"]


def test_a_partition_that_grows_large_stays_in_order() -> None:
    module = made_table("S")
    names = [f"{number:04d}" for number in range(200)]
    shuffled = Random(7).sample(names, len(names))
    for name in shuffled:
        put(module, pk={"S": "p"}, sk={"S": name})
    assert listed(module) == names
    module._delete_item({"TableName": "ordered", "Key": {"pk": {"S": "p"}, "sk": {"S": "0100"}}})
    assert listed(module, Limit=3, ExclusiveStartKey={"pk": {"S": "p"}, "sk": {"S": "0098"}}) == [
        "0099",
        "0101",
        "0102",
    ]
