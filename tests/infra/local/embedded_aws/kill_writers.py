"""Writers that never stop by themselves, and what each finds when it looks after a kill."""

import uuid
from collections import Counter
from random import Random
from typing import Any, Protocol

from tests.infra.local.embedded_aws.clients import Clients
from tests.infra.local.embedded_aws.kill_truth import Truth


class Writer(Protocol):
    """Writes one thing at a time; `look` tells the truth what is there after a restart."""

    def prepare(self) -> None: ...
    def step(self) -> None: ...
    def look(self) -> None: ...


class ItemWriter:
    """Puts, updates and deletes of single items; the index must agree with the table."""

    def __init__(self, root: Clients, truth: Truth, random: Random) -> None:
        self.dynamodb, self.truth, self.random, self.root = root.dynamodb, truth, random, root

    def prepare(self) -> None:
        index = {
            "IndexName": "by-group",
            "Projection": {"ProjectionType": "ALL"},
            "KeySchema": [
                {"AttributeName": "group", "KeyType": "HASH"},
                {"AttributeName": "version", "KeyType": "RANGE"},
            ],
        }
        self.root.create_table("items", "pk", "sk", GlobalSecondaryIndexes=[index])

    def step(self) -> None:
        name, version = f"i{self.random.randrange(200)}", uuid.uuid4().hex
        key = {"pk": {"S": name}, "sk": {"S": "m"}}
        fields = {"group": {"S": "g"}, "version": {"S": version}, "pad": {"S": "x" * 300}}
        choice = self.random.random()
        if choice < 0.5:
            self.truth.write(
                "item", name, version, lambda: self.dynamodb.put_item(TableName="items", Item=key | fields)
            )
        elif choice < 0.75:
            self.truth.write("item", name, version, lambda: self.update(name, version))
        else:
            self.truth.write(
                "item", name, None, lambda: self.dynamodb.delete_item(TableName="items", Key=key)
            )

    def update(self, name: str, version: str) -> None:
        self.dynamodb.update_item(
            TableName="items",
            Key={"pk": {"S": name}, "sk": {"S": "m"}},
            UpdateExpression="SET version = :v, #g = :g",
            ExpressionAttributeNames={"#g": "group"},
            ExpressionAttributeValues={":v": {"S": version}, ":g": {"S": "g"}},
        )

    def look(self) -> None:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="items", ConsistentRead=True)
        stored = {item["pk"]["S"]: item["version"]["S"] for page in pages for item in page["Items"]}
        for name in self.truth.names("item"):
            self.truth.found("item", name, stored.get(name))
        found = self.dynamodb.get_paginator("query").paginate(
            TableName="items",
            IndexName="by-group",
            KeyConditionExpression="#g = :g",
            ExpressionAttributeNames={"#g": "group"},
            ExpressionAttributeValues={":g": {"S": "g"}},
        )
        indexed = {item["pk"]["S"]: item["version"]["S"] for page in found for item in page["Items"]}
        self.truth.require(indexed == stored, "the index differs from the table")


class TransactionWriter:
    """Ten items and a counter at once: all or nothing, and no increment lost."""

    def __init__(self, root: Clients, truth: Truth) -> None:
        self.dynamodb, self.truth, self.root = root.dynamodb, truth, root
        self.attempted = self.counted = 0

    def prepare(self) -> None:
        self.root.create_table("pairs", "pk", "sk")

    def step(self) -> None:
        self.attempted += 1
        self.truth.write("transaction", uuid.uuid4().hex, 10, self.transact)
        self.counted += 1

    def transact(self) -> None:
        name = self.truth.names("transaction")[-1]  # this writer alone writes transactions
        puts: list[Any] = [
            {"Put": {"TableName": "pairs", "Item": {"pk": {"S": name}, "sk": {"S": str(number)}}}}
            for number in range(10)
        ]
        add: Any = {
            "TableName": "pairs",
            "Key": {"pk": {"S": "counter"}, "sk": {"S": "n"}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        self.dynamodb.transact_write_items(TransactItems=[*puts, {"Update": add}])

    def look(self) -> None:
        counter = self.dynamodb.get_item(TableName="pairs", Key={"pk": {"S": "counter"}, "sk": {"S": "n"}})
        value = int(counter.get("Item", {}).get("n", {}).get("N", "0"))
        expected = f"{self.counted} to {self.attempted}"
        self.truth.require(self.counted <= value <= self.attempted, f"counter is {value}, not {expected}")
        self.counted = self.attempted = value
        pages = self.dynamodb.get_paginator("scan").paginate(TableName="pairs", ConsistentRead=True)
        stored = Counter(item["pk"]["S"] for page in pages for item in page["Items"])
        for name in self.truth.names("transaction"):
            self.truth.found("transaction", name, stored.get(name))


class MessageWriter:
    """Sends, receives and deletes messages."""

    def __init__(self, root: Clients, truth: Truth, random: Random) -> None:
        self.sqs, self.truth, self.random = root.sqs, truth, random
        self.url = ""
        self.sent: set[str] = set()
        self.deleted: set[str] = set()
        self.perhaps_deleted: set[str] = set()

    def prepare(self) -> None:
        self.url = self.sqs.create_queue(QueueName="messages")["QueueUrl"]

    def step(self) -> None:
        for _ in range(3):
            body = uuid.uuid4().hex
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)
            self.sent.add(body)
            self.truth.acknowledged["message"] += 1
        received = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=4, VisibilityTimeout=1)
        for message in received.get("Messages", []):
            body = message["Body"]
            self.truth.require(body not in self.deleted, "a deleted message came back")
            if self.random.random() < 0.6:
                self.perhaps_deleted.add(body)
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                self.deleted.add(body)
                self.truth.acknowledged["message deleted"] += 1

    def look(self) -> None:
        """Messages in flight show up when their second is over."""
        missing = self.sent - self.perhaps_deleted
        for _ in range(200):
            received = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=1, WaitTimeSeconds=1
            )
            bodies = {message["Body"] for message in received.get("Messages", [])}
            self.truth.require(not bodies & self.deleted, "a deleted message came back")
            missing -= bodies
            if not missing:
                return
        self.truth.require(not missing, f"{len(missing)} messages lost")
