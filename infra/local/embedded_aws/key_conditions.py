"""Key conditions of Query as ranges of sorted keys.

Only the usual forms are read: one or two clauses joined by AND, each an equality, a comparison, BETWEEN or
begins_with. Everything else gives None, and MiniStack's own parser answers the request (or refuses it).
"""

import functools
import re
from typing import Any, NamedTuple


class Clause(NamedTuple):
    """One comparison of a key condition, by the references the expression uses."""

    name: str
    operator: str
    values: tuple[str, ...]


class _Top:
    """Sorts after every other value: closes a range of tuples from above."""

    __slots__ = ()

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


TOP = _Top()

type Bound = tuple[Any, ...]  # a prefix of an index entry: decoded values (str, Decimal or bytes) and TOP

_NAME = r"#[A-Za-z0-9_]+|[A-Za-z_][A-Za-z0-9_]*"
_VALUE = r":[A-Za-z0-9_]+"
_CLAUSE = (
    rf"(?:(?:{_NAME})\s*(?:<=|>=|=|<|>)\s*{_VALUE}"
    rf"|(?:{_NAME})\s+BETWEEN\s+{_VALUE}\s+AND\s+{_VALUE}"
    rf"|begins_with\s*\(\s*(?:{_NAME})\s*,\s*{_VALUE}\s*\))"
)
_WRAPPED = rf"(?:{_CLAUSE}|\(\s*{_CLAUSE}\s*\))"
_PAIR = rf"({_WRAPPED})(?:\s+AND\s+({_WRAPPED}))?"
_CONDITION_RE = re.compile(rf"\s*(?:{_PAIR}|\(\s*{_PAIR}\s*\))\s*", re.IGNORECASE)
_COMPARISON_RE = re.compile(rf"({_NAME})\s*(<=|>=|=|<|>)\s*({_VALUE})")
_FUNCTION_RES = (
    (re.compile(rf"({_NAME})\s+BETWEEN\s+({_VALUE})\s+AND\s+({_VALUE})", re.IGNORECASE), "between"),
    (re.compile(rf"begins_with\s*\(\s*({_NAME})\s*,\s*({_VALUE})\s*\)", re.IGNORECASE), "begins_with"),
)
RESERVED_WORDS = frozenset({"AND", "OR", "NOT", "BETWEEN", "IN"})


def _parse_clause(text: str) -> Clause | None:
    text = text.strip()
    if text.startswith("("):
        text = text[1:-1].strip()
    comparison = _COMPARISON_RE.fullmatch(text)
    if comparison:
        name, operator, value = comparison.groups()
        return Clause(name, operator, (value,))
    for pattern, operator in _FUNCTION_RES:
        found = pattern.fullmatch(text)
        if found:
            name, *values = found.groups()
            return Clause(name, operator, tuple(values))
    return None


@functools.lru_cache(maxsize=1024)
def parse_key_condition(expression: str) -> tuple[Clause, ...] | None:
    """The one or two clauses of a KeyConditionExpression, or None if it has an unusual form."""
    match = _CONDITION_RE.fullmatch(expression)
    if not match:
        return None
    clauses = [_parse_clause(text) for text in match.groups() if text]
    known = tuple(clause for clause in clauses if clause is not None)
    return known if len(known) == len(clauses) else None


def after_prefix(prefix: str | bytes) -> str | bytes | _Top:
    """The smallest value greater than everything that begins with `prefix`."""
    if isinstance(prefix, bytes):
        stem = prefix.rstrip(b"\xff")
        return stem[:-1] + bytes([stem[-1] + 1]) if stem else TOP
    letters = prefix.rstrip("\U0010ffff")
    return letters[:-1] + chr(ord(letters[-1]) + 1) if letters else TOP


def key_range(operator: str, values: list[Any]) -> tuple[Bound, Bound]:
    """The half-open range of sort-key tuples that an operator on decoded values selects."""
    first = values[0]
    if operator == "between":
        return (first,), (values[1], TOP)
    if operator == "begins_with":
        return (first,), (after_prefix(first),)
    ranges: dict[str, tuple[Bound, Bound]] = {
        "=": ((first,), (first, TOP)),
        "<": ((), (first,)),
        "<=": ((), (first, TOP)),
        ">": ((first, TOP), (TOP,)),
        ">=": ((first,), (TOP,)),
    }
    return ranges[operator]
