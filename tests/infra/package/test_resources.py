"""What each kind of resource of the package must be, one test for each promise."""

import json
from pathlib import Path

import pytest

from app import app
from infra.local.event_sources import schedules
from infra.package.checkov import accepted
from infra.package.functions import functions_of, of_type, read_template, referenced
from infra.package.merge import merge_template

TEMPLATE = read_template(Path(__file__).parents[3] / "infra" / "template.yaml")
MERGED = merge_template(app, TEMPLATE, functions_of(app, TEMPLATE), "c0ffee")
MEDIA = MERGED["Resources"]["Media"]["Properties"]
TABLES = dict(of_type(MERGED, "AWS::DynamoDB::Table"))
QUEUES = dict(of_type(MERGED, "AWS::SQS::Queue"))
FOURTEEN_DAYS = 14 * 24 * 3600
EXPIRING = {"Users", "Files", "Metadata", "Activity"}
"""Tables with items that end by themselves; words and counts of the other live and go with their files."""


def test_the_bucket_is_encrypted_and_closed_to_the_public() -> None:
    [rule] = MEDIA["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert set(MEDIA["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(MEDIA["PublicAccessBlockConfiguration"]) == 4
    assert MEDIA["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


def test_the_bucket_has_no_versions_by_choice() -> None:
    assert "VersioningConfiguration" not in MEDIA
    assert "Media" in accepted()["CKV_AWS_21"].resources


def test_the_bucket_forgets_what_nobody_fetches_and_parts_that_nobody_finishes() -> None:
    rules = {rule["Id"]: rule for rule in MEDIA["LifecycleConfiguration"]["Rules"]}
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    assert {rule["Prefix"] for rule in rules.values() if "Prefix" in rule} == {"exports/", "incoming/"}
    assert rules["abandoned-parts"]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 8


def test_the_bucket_refuses_plain_http_in_the_cloud() -> None:
    [statement, *_] = MERGED["Resources"]["MediaPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert MERGED["Parameters"]["Tls"]["Default"] == "required"


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_paid_by_the_request_encrypted_and_restorable_and_outlives_its_stack(name: str) -> None:
    table = TABLES[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert MERGED["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
    assert MERGED["Resources"][name]["UpdateReplacePolicy"] == "Retain"
    ends = {"AttributeName": "ttl", "Enabled": True} if name in EXPIRING else None
    assert table.get("TimeToLiveSpecification") == ends


@pytest.mark.parametrize("name", [name for name in QUEUES if not name.endswith("DeadLetters")])
def test_a_queue_gives_a_message_up_after_five_tries_to_letters_that_stay_for_two_weeks(name: str) -> None:
    redrive = QUEUES[name]["RedrivePolicy"]
    dead = QUEUES[str(referenced(redrive["deadLetterTargetArn"]))]
    assert redrive["maxReceiveCount"] == 5
    for queue in (QUEUES[name], dead):
        assert (queue["SqsManagedSseEnabled"], queue["MessageRetentionPeriod"]) == (True, FOURTEEN_DAYS)


def test_the_key_of_tokens_is_made_where_nobody_sees_it() -> None:
    [(_, secret)] = of_type(MERGED, "AWS::SecretsManager::Secret")
    assert secret["GenerateSecretString"]["PasswordLength"] >= 64
    assert "SecretString" not in secret


def test_mails_have_a_sender_that_ses_asks_for_confirmation() -> None:
    [(_, sender)] = of_type(MERGED, "AWS::SES::EmailIdentity")
    assert sender["EmailIdentity"] == {"Ref": "MailFrom"}


def test_cloudfront_reads_the_bucket_by_signed_requests_only() -> None:
    [(_, access)] = of_type(MERGED, "AWS::CloudFront::OriginAccessControl")
    config = access["OriginAccessControlConfig"]
    assert (config["SigningBehavior"], config["SigningProtocol"]) == ("always", "sigv4")


def test_the_media_tools_travel_in_a_layer_with_those_that_examine_only() -> None:
    layered = {
        function.name for function in functions_of(app, TEMPLATE) if "ffprobe" in function.settings.Layers
    }
    assert layered == {"extraction", "slow-lane"}
    assert MERGED["Resources"]["FfprobeLayer"]["Properties"]["ContentUri"] == "./ffprobe-layer.zip"


def test_the_sweep_is_scheduled() -> None:
    assert [schedule.function_name for schedule in schedules(app)] == ["sweep"]


def test_logs_are_kept_for_a_month_and_there_is_one_dashboard() -> None:
    assert {group["RetentionInDays"] for _, group in of_type(MERGED, "AWS::Logs::LogGroup")} == {30}
    [(_, dashboard)] = of_type(MERGED, "AWS::CloudWatch::Dashboard")
    json.loads(dashboard["DashboardBody"]["Fn::Sub"])
