import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.local.embedded_aws.process import EmbeddedAws
from infra.package.build import require_python
from infra.package.functions import CannotPackage
from infra.package.stack import DeployFailed, HoldsData, Stage

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    },
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a small package."""
    path = tmp_path / "small.json"
    resources = {"Records": TABLE}
    path.write_text(json.dumps({"Resources": resources, "Outputs": {"Table": {"Value": {"Ref": "Records"}}}}))
    return path


def exists(stack: str) -> bool:
    try:
        status: str = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0][
            "StackStatus"
        ]
    except ClientError:
        return False
    return status != "DELETE_COMPLETE"


@pytest.mark.parametrize("name", ["", "Prod", "a_b", "x" * 21, "1st"])
def test_a_stage_whose_name_no_bucket_can_carry_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name for a stage"):
        Stage(boto3.Session(region_name="eu-west-1"), name)


def test_a_plan_names_the_changes_and_leaves_nothing_behind(aws: EmbeddedAws, small: Path) -> None:
    assert aws.is_running
    stage = Stage(boto3.Session(), "planned")
    changes = stage.deploy(small, {}, dry_run=True)
    assert [(change.action, change.resource) for change in changes] == [("Add", "Records")]
    assert not exists(stage.stack)


def test_a_stage_is_made_once_and_keeps_its_data_until_told(aws: EmbeddedAws, small: Path) -> None:
    assert aws.is_running
    stage = Stage(boto3.Session(), "kept")
    assert stage.deploy(small, {})
    assert stage.deploy(small, {}) == []
    table = stage.outputs()["Table"]
    boto3.client("dynamodb").put_item(TableName=table, Item={"pk": {"S": "precious"}})
    with pytest.raises(HoldsData, match=table):
        stage.destroy(with_data=False)
    assert exists(stage.stack)
    stage.destroy(with_data=True)
    assert not exists(stage.stack)
    assert table not in boto3.client("dynamodb").list_tables()["TableNames"]


def test_stages_do_not_meet(aws: EmbeddedAws, small: Path) -> None:
    assert aws.is_running
    stages = [Stage(boto3.Session(), name) for name in ("one", "two")]
    for stage in stages:
        stage.deploy(small, {})
    assert len({stage.outputs()["Table"] for stage in stages}) == 2
    stages[0].destroy(with_data=False)
    assert exists(stages[1].stack)
    stages[1].destroy(with_data=False)


def test_a_deployment_that_fails_says_why_and_can_be_tried_again(aws: EmbeddedAws, small: Path) -> None:
    assert aws.is_running
    mended = small.read_text()
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 99999999}}
    small.write_text(json.dumps({"Resources": {"Records": TABLE, "Work": queue}}))
    stage = Stage(boto3.Session(), "refused")
    with pytest.raises(DeployFailed, match="Work: "):
        stage.deploy(small, {})
    small.write_text(mended)
    stage.deploy(small, {})
    assert stage.outputs()["Table"]


@pytest.mark.parametrize("version", [(3, 11), (3, 14), (2, 7)])
def test_a_python_without_wheels_for_lambda_packages_nothing(version: tuple[int, int]) -> None:
    with pytest.raises(CannotPackage, match=r"Package with Python 3\.12 or 3\.13"):
        require_python(version)


def test_a_parameter_keeps_its_value_until_another_is_said(aws: EmbeddedAws, tmp_path: Path) -> None:
    assert aws.is_running
    stage, path = Stage(boto3.Session(), "told"), tmp_path / "told.json"
    queue = {"VisibilityTimeout": {"Ref": "Seconds"}, "DelaySeconds": {"Ref": "Delay"}}
    template: dict[str, Any] = {
        "Parameters": {name: {"Type": "Number", "Default": 1} for name in ("Seconds", "Delay")},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": queue}},
        "Outputs": {name: {"Value": {"Ref": name}} for name in ("Seconds", "Delay")},
    }
    path.write_text(json.dumps(template))
    stage.deploy(path, {"Seconds": "40"})
    stage.deploy(path, {"Delay": "5"})
    assert stage.outputs() == {"Seconds": "40", "Delay": "5"}

    del template["Parameters"]["Delay"], template["Outputs"]["Delay"], queue["DelaySeconds"]
    path.write_text(json.dumps(template))
    stage.deploy(path, {})
    assert stage.outputs() == {"Seconds": "40"}
    stage.destroy(with_data=False)
