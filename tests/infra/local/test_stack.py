from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from infra.local.credentials import Endpoint
from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.stack import StackFailed, deploy, environment_of
from tests.conftest import TEMPLATE as REAL_TEMPLATE

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_sqs import SQSClient

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Items:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
Outputs:
  WorkQueueUrl: {Value: !Ref Queue}
  ItemsTable: {Value: !Ref Items}
"""


@pytest.fixture
def endpoint(aws: EmbeddedAws) -> Endpoint:
    return Endpoint(aws.endpoint_url, "eu-west-1", *aws.root_credentials)


@pytest.fixture
def sqs(endpoint: Endpoint) -> "SQSClient":
    client: SQSClient = endpoint.root_session().client("sqs", endpoint_url=endpoint.url)
    return client


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def last_event(endpoint: Endpoint, name: str) -> object:
    cloudformation: CloudFormationClient = endpoint.root_session().client(
        "cloudformation", endpoint_url=endpoint.url
    )
    return cloudformation.describe_stack_events(StackName=name)["StackEvents"][0]["EventId"]


def test_the_first_deployment_makes_the_resources_and_returns_the_outputs(
    endpoint: Endpoint, sqs: "SQSClient", template: Path
) -> None:
    outputs = deploy(endpoint, template, "first")
    assert set(outputs) == {"WorkQueueUrl", "ItemsTable"}
    sqs.send_message(QueueUrl=outputs["WorkQueueUrl"], MessageBody="works")
    assert environment_of(outputs)["MEDIATHEQUE_WORK_QUEUE_URL"] == outputs["WorkQueueUrl"]


def test_items_expire_although_the_emulator_ignores_the_template_there(
    endpoint: Endpoint, template: Path
) -> None:
    table = deploy(endpoint, template, "expiring")["ItemsTable"]
    state = (
        endpoint.root_session()
        .client("dynamodb", endpoint_url=endpoint.url)
        .describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    )
    assert (state["TimeToLiveStatus"], state["AttributeName"]) == ("ENABLED", "expires_at")


def test_an_unchanged_template_changes_nothing(endpoint: Endpoint, template: Path) -> None:
    outputs = deploy(endpoint, template, "same")
    event = last_event(endpoint, "same")
    assert deploy(endpoint, template, "same") == outputs
    assert last_event(endpoint, "same") == event


def test_a_changed_template_updates_the_resources_and_keeps_what_is_in_them(
    endpoint: Endpoint, sqs: "SQSClient", template: Path
) -> None:
    outputs = deploy(endpoint, template, "changed")
    sqs.send_message(QueueUrl=outputs["WorkQueueUrl"], MessageBody="kept")
    template.write_text(TEMPLATE.replace("VisibilityTimeout: 30", "VisibilityTimeout: 31"))
    assert deploy(endpoint, template, "changed") == outputs
    attributes = sqs.get_queue_attributes(QueueUrl=outputs["WorkQueueUrl"], AttributeNames=["All"])[
        "Attributes"
    ]
    assert (attributes["VisibilityTimeout"], attributes["ApproximateNumberOfMessages"]) == ("31", "1")


def test_a_change_of_comments_only_is_no_change(endpoint: Endpoint, template: Path) -> None:
    outputs = deploy(endpoint, template, "comments")
    template.write_text(f"# said otherwise\n{TEMPLATE}")
    assert deploy(endpoint, template, "comments") == outputs


def test_resources_that_cannot_be_made_are_named_with_the_reason(endpoint: Endpoint, template: Path) -> None:
    template.write_text(TEMPLATE.replace("VisibilityTimeout: 30", "VisibilityTimeout: 99999999"))
    with pytest.raises(StackFailed, match="Queue: "):
        deploy(endpoint, template, "failing")


def test_after_a_failed_first_try_the_mended_template_is_deployed(endpoint: Endpoint, template: Path) -> None:
    template.write_text(TEMPLATE.replace("VisibilityTimeout: 30", "VisibilityTimeout: 99999999"))
    with pytest.raises(StackFailed):
        deploy(endpoint, template, "mended")
    template.write_text(TEMPLATE)
    assert set(deploy(endpoint, template, "mended")) == {"WorkQueueUrl", "ItemsTable"}


def test_a_template_that_is_none_is_refused(endpoint: Endpoint, template: Path) -> None:
    template.write_text("Resources: [}")
    with pytest.raises(StackFailed, match="refused"):
        deploy(endpoint, template, "empty")


def test_the_bucket_lets_the_pages_of_some_origins_and_its_own_send_bytes(endpoint: Endpoint) -> None:
    own, app, other = "http://127.0.0.1:8000", "https://app.example.org", "https://other.example.org"
    told = {"AllowedOrigins": f"{app},{other}", "BaseUrl": f"{own}/here"}
    outputs = deploy(endpoint, REAL_TEMPLATE, "origins", told)
    assert environment_of(outputs)["MEDIATHEQUE_ALLOWED_ORIGINS"] == f"{app},{other}"
    bucket = outputs["BucketName"]
    for origin, status in ((app, 200), (other, 200), (own, 200), ("https://stranger.example.org", 403)):
        asked = {"Origin": origin, "Access-Control-Request-Method": "PUT"}
        answer = requests.options(f"{endpoint.url}/{bucket}/originals/any", headers=asked, timeout=30)
        assert answer.status_code == status, origin
