import base64
import json
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from chalicelib.aws.clients import Clients
from chalicelib.aws.cloudfront import Distribution
from chalicelib.core.caller import Caller
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from infra.cdn_key import ensure
from tests.conftest import FakeClock
from tests.libraries import uploaded

OWN = ("&Expires=", "&Signature=", "&Key-Pair-Id=")


@pytest.fixture(scope="module")
def stage(outputs: dict[str, str]) -> str:
    assert outputs
    return new_id()[-12:]


@pytest.fixture(scope="module")
def public(stage: str) -> RSAPublicKey:
    """Return the key as CloudFront would be given it."""
    pem = ensure(boto3.client("secretsmanager"), stage)
    assert ensure(boto3.client("secretsmanager"), stage) == pem
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    return key


@pytest.fixture
def cdn(settings: Settings, clients: Clients, clock: FakeClock, stage: str) -> Library:
    key = f"mediatheque-{stage}-cdn-key"
    there = replace(settings, cdn_domain="d1.cloudfront.net", cdn_key_id="K1", cdn_key_name=key)
    return build(there, clients, clock)


def check(url: str, public: RSAPublicKey) -> int:
    """Check an address as CloudFront documents it for canned policies, and return when it ends."""
    address, own = url[: url.index(OWN[0])], parse_qs(url[url.index(OWN[0]) :])
    assert own["Key-Pair-Id"] == ["K1"]
    ends = int(own["Expires"][0])
    condition = {"DateLessThan": {"AWS:EpochTime": ends}}
    policy = json.dumps({"Statement": [{"Resource": address, "Condition": condition}]}, separators=(",", ":"))
    text = own["Signature"][0].translate(str.maketrans("-_~", "+=/"))
    public.verify(base64.b64decode(text), policy.encode(), PKCS1v15(), SHA1())
    return ends


def test_where_there_is_a_distribution_addresses_are_signed_for_it(
    cdn: Library, library: Library, caller: Caller, clock: FakeClock, public: RSAPublicKey
) -> None:
    file = uploaded(library, caller, "Übung & mehr.txt", b"some words")
    url = cdn.files.download(caller, file.id, inline=False).url
    assert check(url, public) == int((clock() + timedelta(minutes=5)).timestamp())
    parts = urlsplit(url)
    assert (parts.netloc, parts.path) == ("d1.cloudfront.net", f"/originals/{caller.user_id}/{file.sha256}")
    asked = parse_qs(parts.query)
    assert asked["response-content-type"] == ["text/plain"]
    assert asked["response-content-disposition"][0].startswith("attachment; ")
    assert "filename*=UTF-8''%C3%9Cbung%20%26%20mehr.txt" in asked["response-content-disposition"][0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("text%2Fplain", "text%2Fhtml"),
        ("attachment", "inline"),
        ("originals/a", "originals/b"),
        ("Expires=", "Expires=9"),
    ],
)
def test_nothing_in_an_address_can_be_changed(cdn: Library, public: RSAPublicKey, old: str, new: str) -> None:
    url = cdn.files.signer.presign_get(
        "originals/a/0", content_type="text/plain", disposition="attachment", seconds=60
    )
    check(url, public)
    with pytest.raises(InvalidSignature):
        check(url.replace(old, new, 1), public)


def test_renditions_are_signed_the_same_way(cdn: Library) -> None:
    assert cdn.renditions.files.signer is cdn.files.signer
    assert cdn.files.signer is not cdn.bucket


def test_without_a_distribution_s3_signs(library: Library) -> None:
    assert library.files.signer is library.bucket


def test_an_invalidation_sent_twice_is_one(clients: Clients) -> None:
    cloudfront = clients.cloudfront
    made = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": new_id(),
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "media", "DomainName": "media.s3.amazonaws.com"}]},
            "DefaultCacheBehavior": {"TargetOriginId": "media", "ViewerProtocolPolicy": "https-only"},
        }
    )["Distribution"]
    distribution = Distribution(lambda: clients.cloudfront, made["Id"])
    for _ in range(2):
        assert distribution.invalidate(["/originals/a/0*"], "reference")
    found = cloudfront.list_invalidations(DistributionId=made["Id"])["InvalidationList"]
    assert found["Quantity"] == 1
