"""A package on its shelf, as CloudFormation reads it."""

import json
from pathlib import Path
from typing import Any

import boto3

from infra.local.embedded_aws.process import EmbeddedAws
from infra.package.publish import Shelf

PACKAGE = {
    "Parameters": {"AllowedOrigins": {"Default": "*"}, "QuotaBytes": {"Default": 1}},
    "Resources": {
        "Api": {
            "Type": "AWS::Serverless::Api",
            "Properties": {"DefinitionBody": {"info": {"title": "an API"}}},
        },
        "Worker": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./code.zip"}},
    },
}


def published(folder: Path, parameters: dict[str, str]) -> tuple[str, Any]:
    (folder / "template.json").write_text(json.dumps(PACKAGE))
    (folder / "code.zip").write_bytes(b"the same code")
    s3 = boto3.client("s3")
    address = Shelf(s3, "packages").publish(folder / "template.json", parameters)
    key = address.rsplit("/", 1)[-1]
    return address, json.loads(s3.get_object(Bucket="packages", Key=key)["Body"].read())["Resources"]


def test_the_same_package_with_the_same_parameters_is_the_same_template(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    assert aws.is_running
    said = {"AllowedOrigins": "*", "QuotaBytes": "5"}
    assert published(tmp_path, {}) == published(tmp_path, said) == published(tmp_path, {"QuotaBytes": "6"})


def test_other_origins_make_another_definition_so_that_sam_deploys_the_api_anew(
    aws: EmbeddedAws, tmp_path: Path
) -> None:
    assert aws.is_running
    _, before = published(tmp_path, {})
    _, after = published(tmp_path, {"AllowedOrigins": "https://app.example.org"})
    assert before["Api"]["Properties"]["DefinitionBody"] != after["Api"]["Properties"]["DefinitionBody"]
    assert before["Worker"] == after["Worker"]
