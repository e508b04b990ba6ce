"""Every action that a function's role allows was needed by a test, and nothing else would have allowed it.

`make test` runs this after all other tests, which ran under these roles: it reads what the embedded AWS allowed them
(EMBEDDED_AWS_IAM_LEDGER, a folder). A call that one action of one statement covers, and no other, would have been
refused without it. What a refusal breaks, `tests/security/test_without_an_action.py` shows for some of every role.
"""

import json
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infra.package.functions import of_type, read_template

type Grant = tuple[str, str, str]  # role, action, resource
TEMPLATE = Path(__file__).parents[1] / "infra" / "template.yaml"
# Lambda itself receives for the function, under its role: AWS's list for an event source mapping.
OF_LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
MADE_UP = re.compile(r"-[0-9A-F]{13}(-[0-9a-f]{6})?")  # what CloudFormation adds to a name
STACK = "mediatheque-"
BUCKET = f"{STACK}media-000000000000"


@cache
def granted() -> list[Grant]:
    """Return what the template's roles of functions allow: one action on one resource each."""
    template = read_template(TEMPLATE)
    return [
        (role, action, pattern)
        for role, properties in of_type(template, "AWS::IAM::Role")
        if "Function" in template["Resources"][role].get("Metadata", {})
        for policy in properties["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for pattern in map(pattern_of, listed(statement["Resource"]))
    ]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def pattern_of(resource: Any) -> str:
    """Return a pattern of the resource's name, as `calls` writes names."""
    if isinstance(resource, str):
        return resource
    if "Fn::GetAtt" in resource:
        return f"*[:/]{resource['Fn::GetAtt'][0]}"
    return re.sub(r"^\$\{(\w+)\.\w+\}", r"*[:/]\1", resource["Fn::Sub"])


@pytest.fixture(scope="module")
def calls() -> set[Grant]:
    """Return the calls that roles were allowed, with the template's names of roles and resources."""
    ledgers = Path(os.environ["EMBEDDED_AWS_IAM_LEDGER"]).glob("*.jsonl")
    lines = (json.loads(line) for ledger in ledgers for line in ledger.read_text().splitlines())
    return {
        (named(caller.split("/")[1]), action, named(resource))
        for caller, action, resource in lines
        if ":assumed-role/" in caller
    }


def named(name: str) -> str:
    return MADE_UP.sub("", name).replace(BUCKET, "Media").replace(STACK, "")


def covers(grant: Grant, call: Grant) -> bool:
    return grant[:2] == call[:2] and fnmatchcase(call[2], grant[2])


def needed(calls: set[Grant], grant: Grant) -> Iterator[Grant]:
    """Yield the calls that only this grant allows."""
    others = [other for other in granted() if other is not grant]
    for call in calls:
        if covers(grant, call) and not any(covers(other, call) for other in others):
            yield call


@pytest.mark.parametrize("grant", granted(), ids=" ".join)
def test_without_this_action_something_breaks(grant: Grant, calls: set[Grant]) -> None:
    role, action, resource = grant
    own_queue = resource == f"*[:/]{role.removesuffix('Role')}Queue"
    if not (action in OF_LAMBDA and own_queue):
        assert any(needed(calls, grant))
