"""boto3 clients of one embedded AWS; they stay good over restarts, for it keeps its port."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import KeySchemaElementTypeDef
    from types_boto3_iam import IAMClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ses import SESClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sts import STSClient

    from infra.local.embedded_aws.process import EmbeddedAws

SESSION = boto3.Session(region_name="us-east-1")  # one, for it keeps the services' models
CONFIG = Config(
    proxies={},
    retries={"total_max_attempts": 1},  # a test sees the answer of its one call
    max_pool_connections=20,
    connect_timeout=5,
    read_timeout=30,
    signature_version="v4",
)
S3_CONFIG = CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
LAMBDA_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


@dataclass(frozen=True)
class Caller:
    """Who signs."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


def key_schema(hash_name: str, range_name: str | None = None) -> list[KeySchemaElementTypeDef]:
    schema: list[KeySchemaElementTypeDef] = [{"AttributeName": hash_name, "KeyType": "HASH"}]
    return [*schema, {"AttributeName": range_name, "KeyType": "RANGE"}] if range_name else schema


class Clients:
    """Clients that sign as one caller."""

    def __init__(self, endpoint_url: str, caller: Caller) -> None:
        self.endpoint_url, self.caller = endpoint_url, caller

    @classmethod
    def of_root(cls, aws: EmbeddedAws) -> Clients:
        return cls(aws.endpoint_url, Caller(*aws.root_credentials))

    def assuming(self, role_arn: str) -> Clients:
        found = self.sts.assume_role(RoleArn=role_arn, RoleSessionName="session")["Credentials"]
        caller = Caller(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        return Clients(self.endpoint_url, caller)

    def _client(self, service: str, config: Config = CONFIG) -> Any:
        make: Any = SESSION.client  # typed per service below
        return make(
            service,
            endpoint_url=self.endpoint_url,
            config=config,
            aws_access_key_id=self.caller.access_key_id,
            aws_secret_access_key=self.caller.secret_access_key,
            aws_session_token=self.caller.session_token,
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        client: CloudFormationClient = self._client("cloudformation")
        return client

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        client: DynamoDBClient = self._client("dynamodb")
        return client

    @cached_property
    def sqs(self) -> SQSClient:
        client: SQSClient = self._client("sqs")
        return client

    @cached_property
    def s3(self) -> S3Client:
        client: S3Client = self._client("s3", S3_CONFIG)
        return client

    @cached_property
    def iam(self) -> IAMClient:
        client: IAMClient = self._client("iam")
        return client

    @cached_property
    def sts(self) -> STSClient:
        client: STSClient = self._client("sts")
        return client

    @cached_property
    def ses(self) -> SESClient:
        client: SESClient = self._client("ses")
        return client

    @cached_property
    def secrets(self) -> SecretsManagerClient:
        client: SecretsManagerClient = self._client("secretsmanager")
        return client

    def create_table(self, name: str, *key: str, **more: Any) -> None:
        """A table whose key attributes, and those of its indexes in `more`, are strings."""
        used = {
            *key,
            *(e["AttributeName"] for i in more.get("GlobalSecondaryIndexes", ()) for e in i["KeySchema"]),
        }
        self.dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=key_schema(*key),
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in sorted(used)],
            **more,
        )

    def create_role(self, name: str, *statements: dict[str, Any]) -> str:
        """A role that Lambda (and root) may assume; its ARN."""
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=LAMBDA_TRUST)["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
        return arn
