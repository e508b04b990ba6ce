from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from infra.package.functions import CannotPackage, Template
from infra.package.policies import check

SAFE: Template = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyDocument": {
                            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"}]
                        }
                    }
                ]
            },
        },
        "Extra": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyDocument": {
                    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "a"}]
                }
            },
        },
        "Bytes": {"Type": "AWS::S3::Bucket", "Properties": {"BucketEncryption": {}}},
        "BytesPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bytes"},
                "PolicyDocument": {
                    "Statement": [{"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]
                },
            },
        },
        "Records": {
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "Properties": {
                "SSESpecification": {"SSEEnabled": True},
            },
        },
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"SqsManagedSseEnabled": True}},
        "Work": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "SqsManagedSseEnabled": True,
                "VisibilityTimeout": 60,
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}},
            },
        },
        "Worker": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Timeout": 60,
                "Environment": {"Variables": {"TOKEN_KEYS_ARN": "arn"}},
                "Events": {"Event": {"Properties": {"Queue": {"Fn::Sub": "${Work.Arn}"}}}},
            },
        },
        "WorkerLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Fn::Sub": "/aws/lambda/${Worker}"}},
        },
    }
}

type Break = Callable[[dict[str, Any]], object]


def statement(resources: dict[str, Any], policy: str = "Role") -> dict[str, Any]:
    properties = resources[policy]["Properties"]
    [document] = [*properties.get("Policies", []), properties][:1]
    found: dict[str, Any] = document["PolicyDocument"]["Statement"][0]
    return found


def test_a_safe_template_passes() -> None:
    check(SAFE)


@pytest.mark.parametrize(
    ("break_it", "finding"),
    [
        (lambda r: statement(r).update(Action=["s3:*"]), "by a wildcard"),
        (lambda r: statement(r).update(Resource="*"), "on every resource"),
        (lambda r: r["Bytes"]["Properties"].pop("BucketEncryption"), "Bytes is not encrypted"),
        (lambda r: r.pop("BytesPolicy"), "answers plain HTTP"),
        (lambda r: r["Records"]["Properties"].pop("SSESpecification"), "key of KMS"),
        (lambda r: r["Records"].pop("DeletionPolicy"), "deleted with the stack"),
        (lambda r: r["Dead"]["Properties"].pop("SqsManagedSseEnabled"), "Dead is not encrypted"),
        (lambda r: r["Work"]["Properties"].pop("RedrivePolicy"), "no dead-letter queue"),
        (lambda r: r["Work"]["Properties"].update(VisibilityTimeout=59), "shows a message again after 59 s"),
        (lambda r: r["Worker"]["Properties"].update(Role="arn:aws:iam::1:role/x"), "not the template's"),
        (lambda r: r.pop("WorkerLogs"), "no log group"),
        (lambda r: statement(r, "Extra").update(Action="s3:Get*"), "Extra allows actions by a wildcard"),
        (
            lambda r: r["Worker"]["Properties"]["Environment"]["Variables"].update(SIGNING_KEY="s3cret"),
            "secret in its environment",
        ),
    ],
)
def test_each_rule_finds_what_breaks_it(break_it: Break, finding: str) -> None:
    broken = deepcopy(SAFE)
    break_it(broken["Resources"])
    with pytest.raises(CannotPackage, match=finding):
        check(broken)
