"""Writers of objects, multipart uploads, secrets, roles and sessions for the kill test."""

import hashlib
import uuid
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.infra.local.embedded_aws.clients import Clients
from tests.infra.local.embedded_aws.kill_truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable


class ObjectWriter:
    """Puts, overwrites and deletes objects: bytes, type and metadata belong together."""

    def __init__(self, root: Clients, truth: Truth, random: Random) -> None:
        self.s3, self.truth, self.random = root.s3, truth, random

    def prepare(self) -> None:
        self.s3.create_bucket(Bucket="objects")

    def step(self) -> None:
        key = f"o{self.random.randrange(20)}"
        if self.random.random() < 0.2:
            self.truth.write("object", key, None, lambda: self.s3.delete_object(Bucket="objects", Key=key))
            return
        body = self.random.randbytes(self.random.choice([10, 1000, 200_000]))
        kind, tag = self.random.choice(["image/png", "text/plain"]), uuid.uuid4().hex
        value = (hashlib.sha256(body).hexdigest(), kind, tag)
        self.truth.write("object", key, value, lambda: self.put(key, body, kind, tag))

    def put(self, key: str, body: bytes, kind: str, tag: str) -> None:
        self.s3.put_object(Bucket="objects", Key=key, Body=body, ContentType=kind, Metadata={"tag": tag})

    def look(self) -> None:
        for key in self.truth.names("object"):
            self.truth.found("object", key, self.stored(key))

    def stored(self, key: str) -> tuple[str, str, str] | None:
        try:
            answer = self.s3.get_object(Bucket="objects", Key=key)
        except self.s3.exceptions.NoSuchKey:
            return None
        digest = hashlib.sha256(answer["Body"].read()).hexdigest()
        return digest, answer["ContentType"], answer["Metadata"]["tag"]


class UploadWriter:
    """Multipart uploads, some left open: their parts are whole, and completing gives the object."""

    PARTS = 2

    def __init__(self, root: Clients, truth: Truth, random: Random) -> None:
        self.s3, self.truth, self.random = root.s3, truth, random
        self.open: dict[str, tuple[str, dict[int, str], list[bytes]]] = {}

    def prepare(self) -> None:
        self.s3.create_bucket(Bucket="uploads")

    def step(self) -> None:
        key = uuid.uuid4().hex
        upload = self.s3.create_multipart_upload(Bucket="uploads", Key=key)["UploadId"]
        etags: dict[int, str] = {}
        bodies = [self.random.randbytes(300_000), self.random.randbytes(1000)]
        self.open[key] = (upload, etags, bodies)
        for number, body in enumerate(bodies, 1):
            part = self.s3.upload_part(
                Bucket="uploads", Key=key, UploadId=upload, PartNumber=number, Body=body
            )
            etags[number] = part["ETag"]
            self.truth.acknowledged["part"] += 1
        if self.random.random() < 0.6:
            del self.open[key]
            digest = hashlib.sha256(b"".join(bodies)).hexdigest()
            self.truth.write("uploaded", key, digest, lambda: self.complete(key, upload, etags))

    def complete(self, key: str, upload: str, etags: dict[int, str]) -> None:
        parts: Any = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in etags.items()]}
        self.s3.complete_multipart_upload(Bucket="uploads", Key=key, UploadId=upload, MultipartUpload=parts)

    def look(self) -> None:
        for key, (upload, etags, bodies) in list(self.open.items()):
            listed = self.s3.list_parts(Bucket="uploads", Key=key, UploadId=upload).get("Parts", [])
            stored = {part["PartNumber"]: part["ETag"] for part in listed}
            self.truth.require(etags.items() <= stored.items(), f"part of {key} lost")
            if len(etags) == self.PARTS and etags == stored:
                del self.open[key]
                digest = hashlib.sha256(b"".join(bodies)).hexdigest()
                self.truth.write("uploaded", key, digest, partial(self.complete, key, upload, etags))
        for key in self.truth.names("uploaded"):
            self.truth.found("uploaded", key, self.stored(key))

    def stored(self, key: str) -> str | None:
        try:
            body = self.s3.get_object(Bucket="uploads", Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        return hashlib.sha256(body).hexdigest()


class SettingsWriter:
    """Secrets, users, sessions of roles, queues and buckets with their configuration."""

    def __init__(self, root: Clients, truth: Truth, random: Random) -> None:
        self.root, self.truth, self.random = root, truth, random
        self.session: Clients | None = None
        self.role = ""

    def prepare(self) -> None:
        self.role = self.root.create_role("worker")

    def step(self) -> None:
        name, value = f"n{self.random.randrange(10)}", uuid.uuid4().hex
        writes: list[Callable[[], None]] = [
            lambda: self.truth.write("secret", name, value, lambda: self.put_secret(name, value)),
            lambda: self.truth.write("user", value, True, lambda: self.root.iam.create_user(UserName=value)),
            lambda: self.truth.write(
                "queue", value, True, lambda: self.root.sqs.create_queue(QueueName=value)
            ),
            lambda: self.truth.write("cors", value, value, lambda: self.create_bucket(value)),
            self.assume_role,
        ]
        self.random.choice(writes)()

    def assume_role(self) -> None:
        self.session = self.root.assuming(self.role)
        self.truth.acknowledged["session"] += 1

    def put_secret(self, name: str, value: str) -> None:
        try:
            self.root.secrets.put_secret_value(SecretId=name, SecretString=value)
        except self.root.secrets.exceptions.ResourceNotFoundException:
            self.root.secrets.create_secret(Name=name, SecretString=value)

    def create_bucket(self, name: str) -> None:
        rule: Any = {"AllowedOrigins": [name], "AllowedMethods": ["PUT"]}
        self.root.s3.create_bucket(Bucket=name)
        self.root.s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})

    def look(self) -> None:
        for name in self.truth.names("secret"):
            self.truth.found("secret", name, self.secret(name))
        users = {user["UserName"] for user in self.root.iam.list_users(MaxItems=1000)["Users"]}
        queues = {url.rsplit("/", 1)[1] for url in self.root.sqs.list_queues(MaxResults=1000)["QueueUrls"]}
        for kind, present in (("user", users), ("queue", queues)):
            for name in self.truth.names(kind):
                self.truth.found(kind, name, name in present or None)
        for name in self.truth.names("cors"):
            self.truth.found("cors", name, self.cors(name))
        if self.session:
            arn = self.session.sts.get_caller_identity()["Arn"]
            self.truth.require("assumed-role/worker" in arn, f"session is {arn}")

    def secret(self, name: str) -> str | None:
        try:
            return self.root.secrets.get_secret_value(SecretId=name)["SecretString"]
        except self.root.secrets.exceptions.ResourceNotFoundException:
            return None

    def cors(self, name: str) -> str | None:
        try:
            return self.root.s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["AllowedOrigins"][0]
        except ClientError:
            return None
