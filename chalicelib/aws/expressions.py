"""DynamoDB's own language: values with their types, and expressions with placeholders."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from boto3.dynamodb.conditions import ConditionBase
from boto3.dynamodb.conditions import ConditionExpressionBuilder as Builder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


class Change(Protocol):
    """What an update does to an item."""

    @property
    def set(self) -> Mapping[str, Any]:
        """Attributes and their new values."""

    @property
    def remove(self) -> Sequence[str]:
        """Attributes that go."""

    @property
    def add(self) -> Mapping[str, int]:
        """Numbers, and what is added to them."""


def update_expression(change: Change, names: dict[str, str], values: dict[str, Any]) -> str:
    """Build the expression; its placeholders (#s0, :a1 ...) differ from those of boto3's condition builder."""
    clauses = []
    for verb, attributes in (("SET", change.set), ("ADD", change.add)):
        parts = []
        for number, (name, value) in enumerate(attributes.items()):
            names[f"#{verb}{number}"], values[f":{verb}{number}"] = name, value
            parts.append(f"#{verb}{number}{' = ' if verb == 'SET' else ' '}:{verb}{number}")
        clauses += [f"{verb} {', '.join(parts)}"] if parts else []
    for number, name in enumerate(change.remove):
        names[f"#REMOVE{number}"] = name
    if change.remove:
        clauses.append("REMOVE " + ", ".join(f"#REMOVE{number}" for number in range(len(change.remove))))
    return " ".join(clauses)


_serializer = TypeSerializer()
_deserializer = TypeDeserializer()


def pack(item: Mapping[str, Any]) -> Any:
    """Return plain values in DynamoDB's own form."""
    return {name: _serializer.serialize(value) for name, value in item.items()}


def unpack(item: Any) -> dict[str, Any]:
    """Return an item of DynamoDB as plain values."""
    return {name: _deserializer.deserialize(value) for name, value in item.items()}


def conditions(condition: ConditionBase, where: ConditionBase | None) -> dict[str, Any]:
    """Build a query's condition and filter with one builder, so that their placeholders differ."""
    builder = Builder()
    key = builder.build_expression(condition, is_key_condition=True)
    names, values = key.attribute_name_placeholders, key.attribute_value_placeholders
    request: dict[str, Any] = {"KeyConditionExpression": key.condition_expression}
    if where is not None:
        built = builder.build_expression(where)
        request["FilterExpression"] = built.condition_expression
        names, values = names | built.attribute_name_placeholders, values | built.attribute_value_placeholders
    return request | {"ExpressionAttributeNames": names, "ExpressionAttributeValues": pack(values)}
