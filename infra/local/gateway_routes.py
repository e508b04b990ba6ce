"""Which route of the Chalice app a path belongs to, as API Gateway decides it.

Segments are compared one by one and a literal beats a parameter: `/files/export.csv` wins over `/files/{id}`.
Captured segments are percent-decoded after the match: an encoded slash never splits a segment.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True)
class Match:
    """A route's pattern and what its parameters captured, decoded."""

    resource: str
    parameters: Mapping[str, str]


@dataclass
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    resource: str | None = None


class RouteTable:
    """A tree of path segments; a look-up costs a few steps per segment however many routes there are."""

    def __init__(self, resources: Iterable[str]) -> None:
        self._root = _Node()
        for resource in resources:
            self._add(resource)

    def _add(self, resource: str) -> None:
        node = self._root
        for segment in _segments(resource):
            if segment.endswith("+}"):
                raise ValueError(f"Greedy route {resource} is not supported: name every route.")
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        node.resource = resource

    def match(self, raw_path: str) -> Match | None:
        """Return the route of a path as the request line has it, or None; one trailing slash is ignored."""
        segments = _segments(raw_path)
        resource = _descend(self._root, segments)
        if resource is None:
            return None
        pairs = zip(_segments(resource), segments, strict=True)
        return Match(resource, {name[1:-1]: unquote(value) for name, value in pairs if name.startswith("{")})


def _segments(path: str) -> list[str]:
    trimmed = path[1:].removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _descend(node: _Node, segments: list[str]) -> str | None:
    if not segments:
        return node.resource
    head, *rest = segments
    literal = node.literals.get(unquote(head))
    found = _descend(literal, rest) if literal else None
    if found is None and node.parameter and head:
        found = _descend(node.parameter, rest)
    return found
