"""Random Query and Scan requests on a random table, well-formed and malformed."""

import base64
from decimal import Decimal
from random import Random
from typing import Any

from tests.infra.local.embedded_aws.random_tables import RandomTable, Request

FILTERS = ["v > :f", "attribute_exists(gs)", "v = :f OR attribute_not_exists(ls)", "begins_with(gp, :g)"]
OPERATORS = ["=", "<", "<=", ">", ">=", "BETWEEN", "begins_with", "begins_with"]


def order_of(value: Request) -> tuple[Any, ...]:
    """How DynamoDB orders two values of one type (base64 of equal length and bytes differ: bytes decide)."""
    ((kind, text),) = value.items()
    if kind == "N":
        return (Decimal(text),)
    return (base64.b64decode(text),) if kind == "B" else (text,)


class RandomQueries:
    """Requests on one table."""

    def __init__(self, random: Random, table: RandomTable) -> None:
        self.random, self.table = random, table

    def query(self, followed: tuple[Request, Request] | None = None) -> Request:
        """A new Query, or the next page of one: (its request, its LastEvaluatedKey)."""
        if followed is not None:
            request = {**followed[0], "ExclusiveStartKey": followed[1]}
            if self.random.random() < 0.15:
                request["ScanIndexForward"] = not request.get("ScanIndexForward", True)
            return request
        return self.new_query()

    def scan(self, followed: tuple[Request, Request] | None = None) -> Request:
        """A new Scan, or the next page of one."""
        if followed is not None:
            return {**followed[0], "ExclusiveStartKey": followed[1]}
        names: dict[str, str] = {}
        values: Request = {}
        request: Request = {"TableName": self.table.name}
        self.decorate(request, names, values)
        if values:
            request["ExpressionAttributeValues"] = values
        if self.table.indexes and self.random.random() < 0.2:
            request["IndexName"] = self.random.choice(list(self.table.indexes))
        if self.random.random() < 0.1:
            request["ExclusiveStartKey"] = self.table.key()
        return request

    def new_query(self) -> Request:
        keys = self.table.keys()
        index = self.random.choice(list(keys))
        hash_name, range_name = keys[index]
        names: dict[str, str] = {}
        hash_value = self.partition(hash_name)
        values = {":h": hash_value}
        clauses = [f"{self.reference(hash_name, names)} = :h"]
        if range_name and self.random.random() < 0.75:
            clauses.append(self.sort_clause(range_name, self.reference(range_name, names), values))
        request: Request = {
            "TableName": self.table.name,
            "KeyConditionExpression": self.joined(clauses),
            "ExpressionAttributeValues": values,
        }
        if index:
            request["IndexName"] = index
        self.decorate(request, names, values)
        if self.random.random() < 0.5:
            request["ScanIndexForward"] = self.random.random() < 0.5
        if self.random.random() < 0.15:
            request["ExclusiveStartKey"] = self.made_up_cursor(hash_name, range_name, hash_value)
        self.spoil(request, values)
        return request

    def partition(self, hash_name: str) -> Request:
        known = {"pk": self.table.partitions, "gp": self.table.index_partitions}.get(hash_name)
        if known and self.random.random() < 0.9:
            return self.random.choice(known)
        return self.table.value(self.table.kinds[hash_name])

    def reference(self, attribute: str, names: dict[str, str]) -> str:
        if self.random.random() < 0.4:
            names["#" + attribute] = attribute
            return "#" + attribute
        return attribute

    def sort_clause(self, attribute: str, reference: str, values: Request) -> str:
        kind, wide = self.table.kinds[attribute], self.random.random() < 0.4
        operator = self.random.choice(OPERATORS)
        if operator == "BETWEEN":
            pair = sorted(
                (self.table.value(kind, wide=wide), self.table.value(kind, wide=wide)), key=order_of
            )
            if self.random.random() < 0.05:
                pair.reverse()
            values[":lo"], values[":hi"] = pair
            return f"{reference} BETWEEN :lo AND :hi"
        values[":r"] = self.table.value(kind, wide=wide)
        if operator == "begins_with":
            return f"begins_with({reference}, :r)"
        space = self.random.choice([" ", ""])
        return f"{reference}{space}{operator}{space}:r"

    def joined(self, clauses: list[str]) -> str:
        if self.random.random() < 0.15:
            clauses.reverse()
        if self.random.random() < 0.2:
            clauses = [f"({clause})" for clause in clauses]
        text = self.random.choice([" AND ", " and ", "  AND\n"]).join(clauses)
        return f"({text})" if self.random.random() < 0.2 else text

    def made_up_cursor(self, hash_name: str, range_name: str | None, hash_value: Request) -> Request:
        """A cursor nobody issued."""
        cursor = self.table.key()
        if hash_name == "pk" and self.random.random() < 0.7:
            cursor["pk"] = hash_value
        for attribute in {hash_name, range_name} - {None} - set(cursor):
            if attribute is not None:
                own = self.table.value(self.table.kinds[attribute])
                cursor[attribute] = hash_value if attribute == hash_name else own
        if self.random.random() < 0.1:
            cursor.pop(self.random.choice(list(cursor)))
        return cursor

    def decorate(self, request: Request, names: dict[str, str], values: Request) -> None:
        """Limits, filters, projections and whatever else leaves the page to be found as it is."""
        chance = self.random.random
        if chance() < 0.6:
            request["Limit"] = self.random.choice([1, 1, 2, 3, 7, 20, 1000])
        if chance() < 0.3:
            self.filter(request, values)
        if chance() < 0.2:
            self.project(request, names)
        elif chance() < 0.2:
            request["Select"] = self.random.choice(["COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"])
        request["ReturnConsumedCapacity"] = self.random.choice(["NONE", "NONE", "TOTAL", "INDEXES"])
        request["ConsistentRead"] = chance() < 0.1
        if names:
            request["ExpressionAttributeNames"] = names

    def filter(self, request: Request, values: Request) -> None:
        expression = request["FilterExpression"] = self.random.choice(FILTERS)
        if ":f" in expression:
            values[":f"] = {"N": str(self.random.randrange(10))}
        if ":g" in expression:
            values[":g"] = {"S": "a"}

    def project(self, request: Request, names: dict[str, str]) -> None:
        expression = request["ProjectionExpression"] = self.random.choice(
            ["pk, v", "v", "#x, gs", "serial, pad"]
        )
        if "#x" in expression:
            names["#x"] = "gp"

    def spoil(self, request: Request, values: Request) -> None:
        """A few malformed requests: the error must be the same too."""
        if self.random.random() > 0.06:
            return
        expression = request["KeyConditionExpression"]
        faults: list[Request] = [
            {"Limit": 0},
            {"ExpressionAttributeValues": {**values, ":unused": {"S": "x"}}},
            {"ExpressionAttributeValues": {**values, ":h": {"BOOL": True}}},
            {"ExpressionAttributeValues": {**values, ":h": {"S": ""}}},
            {"KeyConditionExpression": expression + " AND v = :h"},
            {"KeyConditionExpression": expression.replace("=", "<>", 1)},
            {"IndexName": "missing"},
            {"TableName": "nowhere-at-all"},
        ]
        request.update(self.random.choice(faults))
