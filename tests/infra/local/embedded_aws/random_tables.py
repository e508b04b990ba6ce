"""Random DynamoDB tables and the writes to them, for comparing two implementations.

Keys are prefixes of each other, non-ASCII, past U+FFFF and the last code point, numbers of every notation and
bytes of every value: whatever order there is must come out by code point, by value and by byte.
"""

import base64
from decimal import Context
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Request = dict[str, Any]
Operation = tuple[str, Request]  # the name of MiniStack's function, and what it is asked

WORDS = [
    "a",
    "ab",
    "abc",
    "b",
    "B",
    "a#1",
    "a#10",
    "a#2",
    "\u00e9",
    "z\uffff",
    "z\U0001f600",
    "zz",
    "~",
    "0",
    "00",
    "1",
]
LAST = ["\U0010ffff", "a\U0010ffff", "a\U0010ffff\U0010ffff"]
NUMBERS = ["1e3", "0.5", "10", "9", "-0.0", "123456789012345678901234567890", "1E-20"]
RAW = [b"\x00", b"\xff", b"\xff\xff", b"\xff\x01", b"a", b"ab", b"\x80"]
PROJECTIONS = [
    {"ProjectionType": "ALL"},
    {"ProjectionType": "KEYS_ONLY"},
    {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["v", "pad"]},
]
CONDITIONS: list[Request] = [
    {},
    {"ConditionExpression": "attribute_exists(pk)"},
    {"ConditionExpression": "attribute_not_exists(pk)"},
]


def key_schema(hash_name: str, range_name: str | None) -> list[Request]:
    schema = [{"AttributeName": hash_name, "KeyType": "HASH"}]
    return schema + ([{"AttributeName": range_name, "KeyType": "RANGE"}] if range_name else [])


def canonical(value: Request) -> Request:
    """Numbers in keys are canonical: for others MiniStack's UpdateItem stores a second item with an equal key (a
    fault of its own), and the order of those two is undefined."""
    if "N" not in value:
        return value
    number = Context(prec=38).create_decimal(value["N"]).normalize(Context(prec=38))
    return {"N": format(number, "f") if number else "0"}


class RandomTable:
    """One random table definition and random writes to it."""

    def __init__(self, random: Random, name: str) -> None:
        self.random, self.name = random, name
        choose = random.choice
        self.kinds = {attribute: choose("SSNB") for attribute in ("pk", "sk", "gp", "gs", "ls")}
        self.has_sort_key = random.random() < 0.85
        self.partitions = [self.value(self.kinds["pk"]) for _ in range(choose([1, 2, 4]))]
        self.index_partitions = [self.value(self.kinds["gp"]) for _ in range(choose([1, 2, 3]))]
        self.serial = 0
        self.indexes: dict[str, tuple[str, str | None]] = {}
        for index, chance in (("gsi", 0.9), ("hashonly", 0.5), ("reversed", 0.3)):
            if random.random() < chance:
                self.indexes[index] = self.index_key(index)
        self.local: dict[str, tuple[str, str | None]] = {}
        if self.has_sort_key and random.random() < 0.6:
            self.local = {"lsi": ("pk", "ls")}

    def index_key(self, index: str) -> tuple[str, str | None]:
        if index == "reversed":
            return ("sk", "pk") if self.has_sort_key else ("gs", "pk")
        return ("gp", "gs" if index == "gsi" else None)

    def keys(self) -> dict[str | None, tuple[str, str | None]]:
        """The key attributes of the table and of every index."""
        keys: dict[str | None, tuple[str, str | None]] = {None: ("pk", "sk" if self.has_sort_key else None)}
        keys.update((name, key) for name, key in (self.indexes | self.local).items())
        return keys

    def value(self, kind: str, *, wide: bool = False) -> Request:
        random = self.random
        if kind == "S":
            word = random.choice(WORDS + LAST)
            return {"S": word + str(random.randrange(300)) if wide and random.random() > 0.3 else word}
        if kind == "N":
            made = [
                str(random.randrange(-30, 300)),
                f"{random.uniform(-5, 5):.2f}",
                f"{random.randrange(40)}.0",
            ]
            return {"N": random.choice(NUMBERS + made)}
        raw = random.choice([*RAW, random.randbytes(2), b"a" + random.randbytes(1)])
        return {"B": base64.b64encode(raw).decode()}

    def attribute_definitions(self) -> list[Request]:
        used = {name for key in self.keys().values() for name in key if name}
        return [{"AttributeName": name, "AttributeType": self.kinds[name]} for name in sorted(used)]

    def create(self) -> Request:
        request: Request = {
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": key_schema("pk", "sk" if self.has_sort_key else None),
            "AttributeDefinitions": self.attribute_definitions(),
        }
        for field, indexes in (
            ("GlobalSecondaryIndexes", self.indexes),
            ("LocalSecondaryIndexes", self.local),
        ):
            if indexes:
                request[field] = [
                    {
                        "IndexName": name,
                        "KeySchema": key_schema(*key),
                        "Projection": self.random.choice(PROJECTIONS),
                    }
                    for name, key in indexes.items()
                ]
        return request

    def key(self) -> Request:
        key = {"pk": self.random.choice(self.partitions)}
        if self.has_sort_key:
            key["sk"] = self.value(self.kinds["sk"], wide=True)
        return {name: canonical(value) for name, value in key.items()}

    def item(self) -> Request:
        random = self.random
        self.serial += 1
        item = {**self.key(), "v": {"N": str(random.randrange(10))}, "serial": {"N": str(self.serial)}}
        optional: list[tuple[str, float, Callable[[], Request]]] = [
            ("gp", 0.8, lambda: random.choice(self.index_partitions)),
            ("gs", 0.8, lambda: self.value(self.kinds["gs"], wide=random.random() < 0.5)),
            ("ls", 0.7, lambda: self.value(self.kinds["ls"])),
            ("pad", 0.3, lambda: {"S": "x" * random.choice([10, 5000, 60000, 120000])}),
            ("ttl", 0.1, lambda: {"N": "1"}),
        ]
        return item | {name: make() for name, chance, make in optional if random.random() < chance}

    def update(self) -> Request:
        values: Request = {}
        sets, removes = [], []
        for attribute in self.random.sample(["gp", "gs", "ls", "v"], self.random.randrange(1, 4)):
            if self.random.random() < 0.7:
                values[f":{attribute}"] = self.new_value(attribute)
                sets.append(f"{attribute} = :{attribute}")
            else:
                removes.append(attribute)
        clauses = [f"SET {', '.join(sets)}"] * bool(sets) + [f"REMOVE {', '.join(removes)}"] * bool(removes)
        request = {"TableName": self.name, "Key": self.key(), "UpdateExpression": " ".join(clauses)}
        return request | ({"ExpressionAttributeValues": values} if values else {})

    def new_value(self, attribute: str) -> Request:
        if attribute == "gp":
            return self.random.choice(self.index_partitions)
        return self.value(self.kinds.get(attribute, "N"))

    def write(self) -> Operation:
        """A random write of any kind."""
        kinds = (
            self.put,
            self.changed,
            self.deleted,
            self.batch,
            self.transaction,
            self.statement,
            self.statements,
        )
        return self.random.choices(kinds, (45, 15, 10, 10, 12, 5, 3))[0]()

    def put(self) -> Operation:
        return "_put_item", {"TableName": self.name, "Item": self.item(), **self.random.choice(CONDITIONS)}

    def changed(self) -> Operation:
        return "_update_item", {**self.update(), **self.random.choice(CONDITIONS)}

    def deleted(self) -> Operation:
        return "_delete_item", {"TableName": self.name, "Key": self.key(), **self.random.choice(CONDITIONS)}

    def batch(self) -> Operation:
        entries = [
            {"PutRequest": {"Item": self.item()}}
            if self.random.random() < 0.7
            else {"DeleteRequest": {"Key": self.key()}}
            for _ in range(self.random.randrange(1, 15))
        ]
        return "_batch_write_item", {"RequestItems": {self.name: entries}}

    def transaction(self) -> Operation:
        kinds: tuple[Callable[[], Request], ...] = (
            lambda: {"Put": {"TableName": self.name, "Item": self.item()}},
            lambda: {"Update": self.update()},
            lambda: {"Delete": {"TableName": self.name, "Key": self.key()}},
        )
        steps = [self.random.choices(kinds, (5, 3, 2))[0]() for _ in range(self.random.randrange(1, 6))]
        if self.random.random() < 0.2:
            check = {"TableName": self.name, "Key": self.key(), "ConditionExpression": "attribute_exists(pk)"}
            steps.append({"ConditionCheck": check})
        return "_transact_write_items", {"TransactItems": steps}

    def statement(self) -> Operation:
        return "_execute_statement", self.partiql()

    def statements(self) -> Operation:
        return "_execute_transaction", {"TransactStatements": [self.partiql() for _ in range(3)]}

    def partiql(self) -> Request:
        key = self.key()
        where = " AND ".join(f'"{name}" = ?' for name in key)
        kind = self.random.choice(["insert", "update", "delete"])
        if kind == "insert":
            item = {name: value for name, value in self.item().items() if name != "pad"}
            body = ", ".join(f"'{name}': ?" for name in item)
            return {
                "Statement": f'INSERT INTO "{self.name}" VALUE {{{body}}}',
                "Parameters": list(item.values()),
            }
        if kind == "update":
            value = self.value(self.kinds["gs"])
            statement = f'UPDATE "{self.name}" SET gs = ? WHERE {where}'
            return {"Statement": statement, "Parameters": [value, *key.values()]}
        return {"Statement": f'DELETE FROM "{self.name}" WHERE {where}', "Parameters": list(key.values())}
