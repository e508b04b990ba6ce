"""Reads a Query or Scan request to the last detail, or says that MiniStack's own code has to answer it.

Left to the original: legacy conditions, indexes on several attributes, malformed input, operands and cursors
of another type than the key's.
"""

import base64
from typing import Any, NamedTuple

from .emulator import AttributeValue, Item, Module, Record
from .key_conditions import RESERVED_WORDS, Clause, parse_key_condition


class UnusualRequestError(Exception):
    """A request that is left to MiniStack's own code."""


class Condition(NamedTuple):
    """A key condition with its operands filled in; `kind` is the attribute's type (S, N or B)."""

    operator: str
    operands: list[AttributeValue]
    kind: str


class KeyNames(NamedTuple):
    """The key attributes that a Query's conditions are about."""

    hash: str
    range: str | None


class QueryRequest(NamedTuple):
    """What a Query asks for; `sort` is the condition on the sort key."""

    table: Record
    index_name: str | None
    partition: str
    sort: Condition | None
    cursor: Item | None
    limit: int | None
    forward: bool


class ScanRequest(NamedTuple):
    """What a Scan of a whole table asks for."""

    table: Record
    cursor: Item | None
    limit: int | None


def _require(condition: object, what: str) -> None:
    if not condition:
        raise UnusualRequestError(what)


def _limit(limit: object) -> int | None:
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise UnusualRequestError("limit")
    return limit


def _check_binary(operands: list[Any]) -> None:
    try:
        for operand in operands:
            base64.b64decode(operand["B"])
    except ValueError:
        raise UnusualRequestError("not base64") from None


class RequestReader:
    """Reads the requests of one MiniStack DynamoDB module; raises `UnusualRequestError`."""

    def __init__(self, dynamodb: Module) -> None:
        self._ddb = dynamodb

    def query(self, request: Record) -> QueryRequest:
        """Read a Query."""
        table = self._table(request)
        expression = request.get("KeyConditionExpression")
        if not isinstance(expression, str) or request.get("KeyConditions"):
            raise UnusualRequestError("legacy or missing conditions")
        clauses = parse_key_condition(expression)
        if clauses is None:
            raise UnusualRequestError("form of the key condition")
        index_name = request.get("IndexName")
        names = self._key_names(table, index_name)
        wanted = dict(self._condition(table, names, clause, request) for clause in clauses)
        _require(len(wanted) == len(clauses), "one attribute twice")
        if names.hash not in wanted or wanted[names.hash].operator != "=":
            raise UnusualRequestError("no partition")
        return QueryRequest(
            table,
            index_name,
            partition=self._ddb._extract_key_val(wanted[names.hash].operands[0]),
            sort=wanted.get(names.range) if names.range is not None else None,
            cursor=self._query_cursor(request, table, names),
            limit=_limit(request.get("Limit")),
            forward=request.get("ScanIndexForward", True),
        )

    def scan(self, request: Record) -> ScanRequest:
        """Read a Scan."""
        table = self._table(request)
        for name in ("Segment", "TotalSegments"):
            _require(request.get(name) is None, "parallel scan")
        _require(not request.get("IndexName"), "scan of an index")
        limit = _limit(request.get("Limit"))
        cursor = request.get("ExclusiveStartKey") or None
        if cursor is not None:
            needed = {table["pk_name"], table["sk_name"]} - {None, ""}
            _require(isinstance(cursor, dict) and needed.issubset(cursor), "cursor")
        return ScanRequest(table, cursor, limit)

    def _table(self, request: Record) -> Record:
        found: Record | None = self._ddb._tables.get(
            self._ddb._normalize_table_name(request.get("TableName"))
        )
        if not found:
            raise UnusualRequestError("no such table")
        return found

    def _key_names(self, table: Record, index_name: str | None) -> KeyNames:
        if not index_name:
            return KeyNames(table["pk_name"], table["sk_name"])
        index = self._ddb._index_def(table, index_name)
        _require(index is not None, "no such index")
        hashes, ranges = self._ddb._index_key_lists(index)
        _require(len(hashes) == 1 and len(ranges) <= 1, "index on several attributes")
        return KeyNames(hashes[0], ranges[0] if ranges else None)

    def _condition(
        self, table: Record, names: KeyNames, clause: Clause, request: Record
    ) -> tuple[str, Condition]:
        name = self._resolve(clause.name, request.get("ExpressionAttributeNames") or {})
        if name is None or name not in names:
            raise UnusualRequestError("not a key attribute")
        kind: str = self._ddb._get_attr_type(table, name)
        values = request.get("ExpressionAttributeValues") or {}
        operands: list[Any] = [values.get(reference) for reference in clause.values]
        for operand in operands:
            _require(isinstance(operand, dict) and list(operand) == [kind], "operand of another type")
            _require(isinstance(operand[kind], str) and operand[kind], "empty operand")
        _require((clause.operator, kind) != ("begins_with", "N"), "prefix of a number")
        if kind == "B":
            _check_binary(operands)
        return name, Condition(clause.operator, operands, kind)

    def _resolve(self, reference: str, names: dict[str, str]) -> str | None:
        if reference.startswith("#"):
            return names.get(reference)
        word = reference.upper()
        reserved = word in self._ddb.AWS_KEYWORDS or word in RESERVED_WORDS
        _require(not reserved and reference.lower() not in self._ddb._DDB_EXPR_FUNCTIONS, "reserved word")
        return reference

    def _query_cursor(self, request: Record, table: Record, names: KeyNames) -> Item | None:
        cursor: Item | None = request.get("ExclusiveStartKey") or None
        if cursor is None:
            return None
        needed = {*names, table["pk_name"], table["sk_name"]} - {None}
        _require(isinstance(cursor, dict) and needed.issubset(cursor), "cursor")
        for name in needed:
            value = cursor[name]
            typed = isinstance(value, dict) and list(value) == [self._ddb._get_attr_type(table, name)]
            _require(typed, "cursor of another type")
        return cursor
