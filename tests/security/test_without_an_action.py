"""What breaks when a role loses one action: the API answers that it is its own fault, workers park, the sweep stops.

`tests/privileges.py` shows for every action of every role that some test's call is allowed by it alone; here some of
each role's are really taken away, in a role that has all the others.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib import wiring
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock, now
from chalicelib.core.ids import new_id
from chalicelib.events.extraction import extract
from chalicelib.events.jobs import run_jobs
from chalicelib.events.media import examine_media
from chalicelib.events.sweep import put_in_order
from chalicelib.files.models import Status
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.lambda_context import LambdaContext
from infra.local.sqs_event import Record
from tests.conftest import MEDIA, REGION, FakeClock, Messages, a_request
from tests.doors import Door
from tests.libraries import send, stored, uploaded
from tests.mailbox import mails_to
from tests.roles import Roles

HANDLERS = {"Extraction": extract, "Media": examine_media, "Jobs": run_jobs}
LATER = timedelta(hours=1)
"""When no claim on content holds any more."""


def without(roles: Roles, function: str, action: str, resource: str) -> Roles:
    """Return roles of which one function's lacks this action on the resource whose ARN has the pattern."""
    iam = boto3.client("iam")
    name = roles.outputs[f"{function}RoleArn"].rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    [policy] = iam.list_role_policies(RoleName=name)["PolicyNames"]
    document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    grants = [
        statement | {"Action": one, "Resource": where}
        for statement in document["Statement"]
        for one in listed(statement["Action"])
        for where in listed(statement["Resource"])
    ]
    kept = [one for one in grants if not (one["Action"] == action and re.search(resource, one["Resource"]))]
    assert len(kept) == len(grants) - 1
    made = iam.create_role(RoleName=f"lesser-{new_id()}", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    iam.put_role_policy(
        RoleName=made["RoleName"],
        PolicyName="lesser",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": kept}),
    )
    return Roles({**roles.outputs, f"{function}RoleArn": made["Arn"]})


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@contextmanager
def being(roles: Roles, some: Roles, function: str, clock: Clock = now) -> Iterator[None]:
    """Be a function under some roles for a while, and the API under its own afterwards."""
    wiring.adopt(some.library(function, clock))
    try:
        yield
    finally:
        roles.enter("Api")


def handled(function: str, records: list[Record]) -> list[str]:
    """Hand messages over, and return the ids of those that must come again."""
    context = LambdaContext(function, REGION, timeout_seconds=900)
    answer = HANDLERS[function]({"Records": records}, context)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


FORM = {"files": {"file": ("another.txt", b"another")}}
RENAMED = {"json": {"filename": "renamed.txt"}}
EXPORT = {"json": {"columns": ["filename"]}}


@dataclass
class Outside:
    """Someone who sends one file, and looks at what becomes of it."""

    library: Library
    caller: Caller
    outputs: Mapping[str, str]
    file_id: str = ""

    def sent(self, sample: str) -> list[Record]:
        """Send a sample, and return the event that S3 sends."""
        content = (MEDIA / sample).read_bytes()
        self.waiting("Extraction")
        self.waiting("Media")
        begun = self.library.uploads.begin(self.caller, a_request(sample, content))
        assert isinstance(begun, Begun)
        send(begun, content)
        self.file_id = begun.file.id
        return self.waiting("Extraction")

    def waiting(self, lane: str) -> list[Record]:
        """Take what waits in the queue of a function."""
        return Messages(self.outputs[f"{lane}QueueUrl"]).take()

    def is_whole(self) -> bool:
        """Say whether the file is ready, with what was drawn of it."""
        file = self.library.files.get(self.caller, self.file_id)
        return file.status is Status.READY and bool(file.renditions)


@pytest.fixture
def outside(library: Library, caller: Caller, roles: Roles) -> Outside:
    return Outside(library, caller, roles.outputs)


@pytest.mark.parametrize(
    ("action", "resource", "request_line", "arguments"),
    [
        ("dynamodb:Query", r"-Tags-[^/]*$", "GET /v1/files", {}),
        ("dynamodb:GetItem", r"-Files-", "GET /v1/files/{id}", {}),
        ("dynamodb:PutItem", r"-Files-", "PATCH /v1/files/{id}", RENAMED),
        ("dynamodb:PutItem", r"-Activity-[^/]*$", "DELETE /v1/files/{id}", {}),
        ("dynamodb:PutItem", r"-Tags-[^/]*$", "POST /v1/files", FORM),
        ("s3:PutObject", r"/originals/", "POST /v1/files", FORM),
        ("sqs:SendMessage", r"-JobsQueue-", "POST /v1/exports", EXPORT),
        ("secretsmanager:GetSecretValue", r"secret", "GET /v1/me", {}),
    ],
)
def test_the_api_answers_that_it_is_its_own_fault_and_does_it_when_it_may_again(
    ana: Door, roles: Roles, action: str, resource: str, request_line: str, arguments: dict[str, Any]
) -> None:
    file = ana.upload("a.txt", new_id().encode())
    method, path = request_line.format(id=file["id"]).split(" ")
    with being(roles, without(roles, "Api", action, resource), "Api"):
        ana.refused(method, path, 500, "internal_error", **arguments)
    assert [one["filename"] for one in ana.get("/v1/files")["items"]] == ["a.txt"]
    assert ana(method, path, **arguments).ok


@pytest.mark.parametrize(
    ("function", "action", "resource", "sample"),
    [
        ("Extraction", "s3:GetObject", r"/originals/", "plain.png"),
        ("Extraction", "s3:PutObject", r"/renditions/", "plain.png"),
        ("Extraction", "dynamodb:PutItem", r"-Metadata-", "plain.png"),
        ("Extraction", "sqs:SendMessage", r"-MediaQueue-", "tone.wav"),
        ("Media", "s3:PutObject", r"/renditions/", "tone.wav"),
        ("Media", "dynamodb:PutItem", r"-Tags-", "tone.wav"),
    ],
)
def test_a_worker_parks_what_it_may_not_do_and_finishes_it_when_it_may_again(
    outside: Outside, roles: Roles, function: str, action: str, resource: str, sample: str
) -> None:
    clock, records = FakeClock(), outside.sent(sample)
    if function == "Media":
        with being(roles, roles, "Extraction"):
            assert handled("Extraction", records) == []
        records = outside.waiting("Media")
    with being(roles, without(roles, function, action, resource), function):
        assert handled(function, records) == [record["messageId"] for record in records] != []
    assert not outside.is_whole()

    clock.advance(LATER)
    with being(roles, roles, function, clock):
        assert handled(function, records) == []
    if function == "Extraction" and (sent_on := outside.waiting("Media")):
        with being(roles, roles, "Media", clock):
            assert handled("Media", sent_on) == []
    assert outside.is_whole()


@pytest.mark.parametrize(
    ("action", "resource"), [("s3:PutObject", r"/exports/"), ("dynamodb:Query", r"-Tags-[^/]*$")]
)
def test_a_job_that_may_not_be_done_waits_and_is_done_when_it_may(
    ana: Door, roles: Roles, action: str, resource: str
) -> None:
    ana.upload("a.txt", b"a")
    queue = Messages(roles.outputs["JobsQueueUrl"])
    queue.take()
    path = ana("POST", "/v1/exports", **EXPORT).headers["Location"]
    records = queue.take()
    with being(roles, without(roles, "Jobs", action, resource), "Jobs"):
        assert handled("Jobs", records) == [record["messageId"] for record in records] != []
    assert ana.get(path)["state"] != "finished"
    with being(roles, roles, "Jobs"):
        assert handled("Jobs", records) == []
    assert ana.get(path)["state"] == "finished"


def test_a_mail_that_may_not_be_sent_waits_and_is_sent_when_it_may(
    aws: EmbeddedAws, ana: Door, roles: Roles
) -> None:
    queue, sent = Messages(roles.outputs["JobsQueueUrl"]), len(mails_to(aws, ana.email))
    queue.take()
    ana.ok("POST", "/v1/auth/password-reset", 202, json={"email": ana.email})
    records = queue.take()
    with being(roles, without(roles, "Jobs", "ses:SendEmail", r"."), "Jobs"):
        assert handled("Jobs", records) == [record["messageId"] for record in records] != []
    assert len(mails_to(aws, ana.email)) == sent
    with being(roles, roles, "Jobs"):
        assert handled("Jobs", records) == []
    assert len(mails_to(aws, ana.email)) == sent + 1


@pytest.mark.usefixtures("nothing_due")
@pytest.mark.parametrize(
    ("action", "resource"),
    [("dynamodb:Query", r"-Files-"), ("s3:DeleteObject", r"/originals/"), ("dynamodb:Scan", r"-Files-")],
)
def test_the_sweep_stops_and_does_the_rest_when_it_may_again(
    library: Library, caller: Caller, clock: FakeClock, roles: Roles, action: str, resource: str
) -> None:
    file = uploaded(library, caller, "a.txt", b"to be erased")
    library.files.erase(caller, file.id, None)
    clock.advance(timedelta(days=40))
    with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
        put_in_order(without(roles, "Sweep", action, resource).library("Sweep", clock))
    clock.advance(LATER)
    put_in_order(roles.library("Sweep", clock))
    assert stored(library, file) is None
