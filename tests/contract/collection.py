"""Runs our Postman collection as newman would: requests in order, variables, and the two scripts that it has."""

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests

VARIABLE = re.compile(r"\{\{([$\w]+)\}\}")
EXPECTED = re.compile(r"pm\.expect\((\[[\d, ]+\])\)\.to\.include\(pm\.response\.code\)")
CAPTURED = re.compile(r'pm\.collectionVariables\.set\("(\w+)", pm\.response\.json\(\)\.(\w+)\)')


@dataclass
class Run:
    """One run of a collection with these variables."""

    collection: dict[str, Any]
    variables: dict[str, str]
    answered: dict[str, int] = field(default_factory=dict)
    """The status that each request was answered with."""
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = {one["key"]: one["value"] for one in self.collection["variable"]}
        self.variables = own | self.variables

    def __call__(self) -> "Run":
        for folder in self.collection["item"]:
            for item in folder["item"]:
                self._send(item["name"], item["request"], item["event"][0]["script"]["exec"])
        return self

    def _filled(self, text: str) -> str:
        return VARIABLE.sub(lambda match: self._value(match[1]), text)

    def _value(self, name: str) -> str:
        return str(uuid.uuid4()) if name == "$guid" else self.variables.get(name, f"{{{{{name}}}}}")

    def _send(self, name: str, request: dict[str, Any], script: list[str]) -> None:
        headers = {one["key"]: self._filled(one["value"]) for one in request["header"]}
        if request.get("auth", {}).get("type") != "noauth":
            headers["Authorization"] = f"Bearer {self.variables.get('token', '')}"
        body = self._filled(request["body"]["raw"]) if "body" in request else None
        url = self._filled(request["url"]["raw"])
        answer = requests.request(
            request["method"], url, headers=headers, data=body, allow_redirects=False, timeout=30
        )
        self.answered[f"{request['method']} {request['url']['raw']}"] = answer.status_code
        expected = json.loads(EXPECTED.search(script[0])[1])  # type: ignore[index]  # every item has one
        if answer.status_code not in expected:
            self.failures.append(
                f"{name}: {request['method']} {url}: {answer.status_code} {answer.text[:300]}"
            )
        for variable, key in self._captures(script[1:], answer):
            self.variables[variable] = str(answer.json()[key])

    @staticmethod
    def _captures(script: list[str], answer: requests.Response) -> Iterator[tuple[str, str]]:
        if answer.status_code < 300:
            for line in script:
                match = CAPTURED.search(line)
                assert match, line
                yield match[1], match[2]
