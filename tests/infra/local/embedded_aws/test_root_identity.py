"""Signatures and policies hold; only the generated key is root; MiniStack's own pages are root's."""

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Caller, Clients

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
BODY = b"x" * 1000
DIGEST = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
SIGNED = {"x-amz-checksum-sha256": DIGEST, "if-none-match": "*"}


def send(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {"content-type": "", **(headers or {})}, method=method)
    try:
        with DIRECT.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


CALLS: list[Callable[[Clients], Any]] = [
    lambda clients: clients.dynamodb.list_tables(),
    lambda clients: clients.sqs.list_queues(),
    lambda clients: clients.s3.list_buckets(),
    lambda clients: clients.secrets.list_secrets(),
    lambda clients: clients.iam.list_users(),
    lambda clients: clients.sts.assume_role(
        RoleArn="arn:aws:iam::000000000000:role/worker", RoleSessionName="session"
    ),
]


@pytest.mark.parametrize("key", ["test", "123456789012", "AKIAUNKNOWNUNKNOWN12"])
def test_well_known_and_unknown_keys_may_do_nothing(aws: EmbeddedAws, root: Clients, key: str) -> None:
    root.create_role("worker")
    clients = Clients(aws.endpoint_url, Caller(key, aws.root_credentials.secret_access_key))
    for call in CALLS:
        with pytest.raises(ClientError) as refused:
            call(clients)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_the_root_key_needs_its_secret(aws: EmbeddedAws, root: Clients) -> None:
    root.create_role("worker")
    forger = Clients(aws.endpoint_url, Caller(aws.root_credentials.access_key_id, "guess"))
    for call in CALLS:
        call(root)
        with pytest.raises(ClientError, match="Signature"):
            call(forger)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("PUT", "/taken"), ("GET", "/bucket/key"), ("PUT", "/bucket/new"), ("GET", "/bucket")],
)
def test_anonymous_callers_of_s3_may_do_nothing(
    aws: EmbeddedAws, root: Clients, method: str, path: str
) -> None:
    root.s3.create_bucket(Bucket="bucket")
    root.s3.put_object(Bucket="bucket", Key="key", Body=b"x")
    assert send(aws.endpoint_url + path, method)[0] == 403


@pytest.mark.parametrize(
    ("method", "page"),
    [
        ("POST", "reset"),
        ("GET", "ses/messages"),
        ("GET", "sqs/messages"),
        ("POST", "config"),
        ("GET", "unknown"),
    ],
)
def test_own_pages_ask_for_the_root_credentials(
    aws: EmbeddedAws, root: Clients, method: str, page: str
) -> None:
    root.create_table("items", "pk")
    wrong = "Basic " + base64.b64encode(f"{aws.root_credentials.access_key_id}:guess".encode()).decode()
    for headers in ({}, {"Authorization": wrong}, {"Authorization": "Basic"}):
        assert send(f"{aws.endpoint_url}/_ministack/{page}", method, headers=headers)[0] == 401
    assert root.dynamodb.list_tables()["TableNames"] == ["items"]


def test_health_stays_open(aws: EmbeddedAws) -> None:
    assert send(f"{aws.endpoint_url}/_ministack/health")[0] == 200


def presigned(clients: Clients, key: str, **more: Any) -> str:
    wanted: Any = {
        "Bucket": "bucket",
        "Key": key,
        "ChecksumSHA256": DIGEST,
        "ContentLength": len(BODY),
        "IfNoneMatch": "*",
    }
    return clients.s3.generate_presigned_url("put_object", Params=wanted, **more)


def put(url: str, body: bytes = BODY, headers: dict[str, str] = SIGNED) -> tuple[int, str]:
    return send(url, "PUT", body, headers)


def test_a_presigned_put_takes_exactly_what_was_signed(root: Clients) -> None:
    root.s3.create_bucket(Bucket="bucket")
    url = presigned(root, "key")
    other = base64.b64encode(hashlib.sha256(b"y" * 1000).digest()).decode()
    assert "BadDigest" in put(url, b"y" * 1000)[1]
    for attempt in (
        put(url, BODY + b"y"),
        put(url, headers={"x-amz-checksum-sha256": DIGEST}),
        put(url, headers={"if-none-match": "*"}),
        put(url, b"y" * 1000, {**SIGNED, "x-amz-checksum-sha256": other}),
        put(url.replace("/key?", "/other?")),
    ):
        assert attempt[0] == 403
        assert "SignatureDoesNotMatch" in attempt[1]
    assert put(url)[0] == 200
    assert put(url)[0] == 412
    assert root.s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 1


def test_an_expired_presigned_url_is_refused(root: Clients) -> None:
    root.s3.create_bucket(Bucket="bucket")
    assert (
        "Request has expired"
        in put(presigned(root, "key", ExpiresIn=-1).replace("Expires=-1", "Expires=0"))[1]
    )
