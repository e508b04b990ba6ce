"""What tests share: one embedded AWS with the real stack for each test process, and a library on top of it.

Tests do not clean up: each works in the library of an account of its own.
"""

import functools
import gc
import hashlib
import itertools
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import settings as profiles

import app
from chalicelib import wiring
from chalicelib.aws.clients import Clients
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.events.extraction import extract
from chalicelib.events.jobs import run_jobs
from chalicelib.events.media import examine_media
from chalicelib.settings import Settings
from chalicelib.uploads.models import Request
from infra.local import sqs_event
from infra.local.credentials import Endpoint
from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.gateway import Gateway
from infra.local.http_server import make_server
from infra.local.lambda_context import LambdaContext
from infra.local.stack import deploy, environment_of
from tests.doors import PASSWORD, Door
from tests.roles import Roles

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

TEMPLATE = Path(__file__).parents[1] / "infra" / "template.yaml"
MEDIA = Path(__file__).parent / "media" / "samples"
REGION = "eu-west-1"
profiles.register_profile("suite", deadline=None, print_blob=True)
profiles.register_profile("thorough", deadline=None, max_examples=4000)
profiles.load_profile("suite")
RATES = json.dumps(
    dict.fromkeys(["login-address", "register-address", "reset-address", "confirm-address"], 1_000_000)
)
"""All tests come from one address."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what has to stay in one process and takes longest, so that the others fill the time beside it."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


def pytest_collection_finish() -> None:
    """Let the collector leave alone what lives as long as the process: it took a sixth of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """Run the embedded AWS with IAM and signatures enforced; this process is its root."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws"), environment={"MINISTACK_REGION": REGION}) as running:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(
            AWS_ENDPOINT_URL=running.endpoint_url,
            AWS_ACCESS_KEY_ID=running.root_credentials.access_key_id,
            AWS_SECRET_ACCESS_KEY=running.root_credentials.secret_access_key,
            AWS_DEFAULT_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            NO_PROXY="127.0.0.1,localhost",
        )
        yield running


@pytest.fixture(scope="session")
def outputs(aws: EmbeddedAws) -> dict[str, str]:
    """Make the resources from the template that the cloud gets, and tell the library's environment of them."""
    root = aws.root_credentials
    found = deploy(Endpoint(aws.endpoint_url, REGION, root.access_key_id, root.secret_access_key), TEMPLATE)
    os.environ.update(
        environment_of(found),
        MEDIATHEQUE_ARGON2_MEMORY_KIB="64",
        MEDIATHEQUE_COMMIT="test",
        MEDIATHEQUE_RATES=RATES,
    )
    return found


@pytest.fixture(scope="session")
def roles(outputs: dict[str, str]) -> Roles:
    """Let this process's library, which the API and the handlers share, be the API's, under its role."""
    roles = Roles(outputs)
    roles.enter("Api")
    return roles


@pytest.fixture(scope="session")
def settings(outputs: dict[str, str]) -> Settings:
    assert outputs
    return Settings.from_environment()


@dataclass
class FakeClock:
    """A clock that stands still until it is told otherwise."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        self.moment += by


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def clients(outputs: dict[str, str]) -> Clients:
    assert outputs
    return Clients()


@pytest.fixture
def library(settings: Settings, clients: Clients, clock: FakeClock) -> wiring.Library:
    return wiring.build(settings, clients, clock)


@pytest.fixture
def nothing_due(library: wiring.Library) -> None:
    """Drop what other tests left for the sweep, so that one sweep comes to what this test has made."""
    later = library.files.later
    for agenda in (library.uploads.agenda, library.blobs.agenda, later.trashed, later.erased):
        while rows := list(agenda.due(datetime.max.replace(tzinfo=UTC))):
            for some in itertools.batched(rows, 100):
                library.tables.commit([agenda.delete(due.at, due.reference) for due in some])


@pytest.fixture
def caller() -> Caller:
    """Return someone with an empty library of their own."""
    return new_caller()


def new_caller(role: Role = Role.OPERATOR) -> Caller:
    return Caller(new_id(), role, new_id(), Origin("203.0.113.7", "pytest", "test-request"))


def a_request(filename: str = "notes.txt", content: bytes = b"hello world\n", **more: object) -> Request:
    return Request(filename, len(content), hashlib.sha256(content).hexdigest(), **more)  # type: ignore[arg-type] # a test's own words


@functools.cache
def _sqs() -> "SQSClient":
    sqs: SQSClient = boto3.client("sqs")
    return sqs


@dataclass(frozen=True)
class Messages:
    """What waits in a queue of this test process."""

    url: str

    def take(self) -> list[sqs_event.Record]:
        """Receive and delete all messages that are visible now, as Lambda's records."""
        sqs = _sqs()
        taken: list[sqs_event.Record] = []
        while True:
            answer = sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
            )
            messages = answer.get("Messages", [])
            if not messages:
                return taken
            for message in messages:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            taken += sqs_event.event_of(messages, sqs_event.queue_arn(self.url, REGION))["Records"]


@pytest.fixture
def messages(outputs: dict[str, str]) -> Messages:
    queue = Messages(outputs["ExtractionQueueUrl"])
    queue.take()
    return queue


@pytest.fixture
def slow_messages(outputs: dict[str, str]) -> Messages:
    queue = Messages(outputs["MediaQueueUrl"])
    queue.take()
    return queue


Deliver = Callable[[], dict[str, list[dict[str, str]]]]


@pytest.fixture
def deliver(messages: Messages, slow_messages: Messages, roles: Roles) -> Deliver:
    """Return a function that hands everything in both lanes' queues to their handlers, as Lambda would."""

    def hand_over() -> dict[str, list[dict[str, str]]]:
        failures: list[dict[str, str]] = []
        context = LambdaContext("extraction", REGION, timeout_seconds=900)
        lanes = ((messages, extract, "Extraction"), (slow_messages, examine_media, "Media"))
        for lane, handler, role in lanes:
            if records := lane.take():
                with roles.acting_as(role):
                    failures += handler({"Records": records}, context)["batchItemFailures"]
        return {"batchItemFailures": failures}

    return hand_over


@pytest.fixture
def do_jobs(outputs: dict[str, str], roles: Roles) -> Deliver:
    """Return a function that hands everything in the queue `jobs` to its handler, as Lambda would."""
    queue = Messages(outputs["JobsQueueUrl"])

    def hand_over() -> dict[str, list[dict[str, str]]]:
        context = LambdaContext("jobs", REGION, timeout_seconds=900)
        with roles.acting_as("Jobs"):
            answer: dict[str, list[dict[str, str]]] = run_jobs({"Records": queue.take()}, context)
        return answer

    return hand_over


@pytest.fixture(scope="session")
def base_url(roles: Roles) -> Iterator[str]:
    """Serve the API as `make run` does, under its role, and return its address."""
    assert roles.outputs
    server = make_server(Gateway(app.app, REGION), "127.0.0.1", 0, threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert server.socket is not None
    yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
    server.close()


@pytest.fixture
def anyone(base_url: str) -> Door:
    """Return the API as someone without a token."""
    return Door(base_url)


@pytest.fixture
def ana(base_url: str) -> Door:
    """Return the API as a new operator."""
    return newcomer(base_url, "ana")


@pytest.fixture
def admin(base_url: str) -> Door:
    """Return the API as an admin."""
    return newcomer(base_url, "admin", Role.ADMIN)


@pytest.fixture
def ben(base_url: str) -> Door:
    """Return the API as another operator, a stranger to Ana."""
    return newcomer(base_url, "ben")


def newcomer(base_url: str, name: str, role: Role = Role.OPERATOR) -> Door:
    """Return the door of a new account that is signed in, in a third of the calls that it takes through the API."""
    library = wiring.library()
    account = library.accounts.open(f"{name}-{new_id()}@example.org", PASSWORD, None, Origin(), role=role)
    tokens = library.sessions.start(account, Origin("127.0.0.1", "pytest"))
    return Door(base_url, tokens.access_token, account.email)
