"""One session, its clients, made when first asked for.

Endpoint, region and credentials come from the environment as botocore reads it (`AWS_ENDPOINT_URL`,
`AWS_PROFILE`, ...), so the same code speaks to AWS, to the embedded AWS and to LocalStack.
"""

import functools
import os
import threading
from typing import TYPE_CHECKING, Literal

import boto3
from botocore.config import Config

from chalicelib.aws import meter

if TYPE_CHECKING:
    from types_boto3_cloudfront import CloudFrontClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_ses import SESClient
    from types_boto3_sqs import SQSClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=32,
)


class Clients:
    """The clients of one process. boto3 clients are thread-safe, so all threads share them; making them is not."""

    def __init__(self, session: boto3.Session | None = None) -> None:
        self._making = threading.Lock()  # two at once would take each other's profile for a loop of profiles
        self._session = session or boto3.Session()
        meter.install(self._session)

    @functools.cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """Return the DynamoDB client."""
        with self._making:
            client: DynamoDBClient = self._session.client("dynamodb", config=_CONFIG)
        return client

    @functools.cached_property
    def s3(self) -> "S3Client":
        """Return the S3 client: Signature Version 4, and path style wherever an endpoint is given."""
        style: Literal["path", "virtual"] = "path" if os.environ.get("AWS_ENDPOINT_URL") else "virtual"
        s3_only = Config(signature_version="s3v4", s3={"addressing_style": style})
        with self._making:
            client: S3Client = self._session.client("s3", config=_CONFIG.merge(s3_only))
        return client

    @functools.cached_property
    def sqs(self) -> "SQSClient":
        """Return the SQS client."""
        with self._making:
            client: SQSClient = self._session.client("sqs", config=_CONFIG)
        return client

    @functools.cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Return the Secrets Manager client."""
        with self._making:
            client: SecretsManagerClient = self._session.client("secretsmanager", config=_CONFIG)
        return client

    @functools.cached_property
    def cloudfront(self) -> "CloudFrontClient":
        """Return the CloudFront client."""
        with self._making:
            client: CloudFrontClient = self._session.client("cloudfront", config=_CONFIG)
        return client

    @functools.cached_property
    def ses(self) -> "SESClient":
        """Return the SES client."""
        with self._making:
            client: SESClient = self._session.client("ses", config=_CONFIG)
        return client
