"""Puts a package where CloudFormation reads it: in a bucket, under names that the content decides."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from infra.package.functions import Template

_CODE = ("CodeUri", "ContentUri")
_IN_DEFINITION = "AllowedOrigins"
_MISSING = {"404", "NoSuchBucket", "NotFound"}


@dataclass(frozen=True)
class Shelf:
    """A private bucket for packages, in the region of the stack."""

    s3: "S3Client"
    bucket: str

    def publish(self, template: Path, parameters: Mapping[str, str]) -> str:
        """Upload what changed since the last time, and return the address of the template for these parameters."""
        self._make()
        packaged: Template = json.loads(template.read_text())
        _say_in_definition(packaged, parameters)
        for resource in packaged["Resources"].values():
            for code in _CODE:
                if isinstance(file := resource.get("Properties", {}).get(code), str):
                    resource["Properties"][code] = {
                        "Bucket": self.bucket,
                        "Key": self._put(template.parent / file),
                    }
        key = self._put_bytes(json.dumps(packaged).encode(), ".json")
        return f"{self._address()}/{key}"

    def _put(self, file: Path) -> str:
        return self._put_bytes(file.read_bytes(), file.suffix)

    def _put_bytes(self, content: bytes, suffix: str) -> str:
        key = hashlib.sha256(content).hexdigest() + suffix
        if not self._has(key):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def _has(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as fault:
            if fault.response["Error"]["Code"] in _MISSING:
                return False
            raise
        return True

    def _make(self) -> None:
        try:
            self.s3.head_bucket(Bucket=self.bucket)
        except ClientError as fault:
            if fault.response["Error"]["Code"] not in _MISSING:
                raise
            region = self.s3.meta.region_name
            if region == "us-east-1":  # the one region that must not be named
                self.s3.create_bucket(Bucket=self.bucket)
            else:
                self.s3.create_bucket(
                    Bucket=self.bucket,
                    CreateBucketConfiguration={"LocationConstraint": region},  # type: ignore[typeddict-item] # a region is one
                )
            self.s3.put_public_access_block(
                Bucket=self.bucket,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
            )

    def _address(self) -> str:
        endpoint = self.s3.meta.endpoint_url
        if "amazonaws.com" in endpoint:
            return f"https://{self.bucket}.s3.{self.s3.meta.region_name}.amazonaws.com"
        return f"{endpoint}/{self.bucket}"


def _say_in_definition(template: "Template", parameters: Mapping[str, str]) -> None:
    """Make the API's definition another one for another value of the parameter in it.

    API Gateway serves the definition as it was last deployed; SAM deploys it anew when its text changes, and a
    parameter's value is not in the text.
    """
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Api":
            value = parameters.get(_IN_DEFINITION) or template["Parameters"][_IN_DEFINITION]["Default"]
            resource["Properties"]["DefinitionBody"]["info"]["description"] = f"{_IN_DEFINITION}: {value}"
