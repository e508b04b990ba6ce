"""What is still true after kill -9, beyond "no write lost": each test kills the server between cause and effect."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Clients


class Killer:
    """Kills the server and starts it again."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self.aws = aws

    def __call__(self) -> None:
        self.aws.kill()
        self.aws.start()


@pytest.fixture
def killed(aws: EmbeddedAws) -> Killer:
    return Killer(aws)


def increment(amount: str) -> Any:
    return {
        "ClientRequestToken": "token-1",
        "TransactItems": [
            {
                "Update": {
                    "TableName": "items",
                    "Key": {"pk": {"S": "counter"}},
                    "UpdateExpression": "ADD n :amount",
                    "ExpressionAttributeValues": {":amount": {"N": amount}},
                }
            }
        ],
    }


def test_a_retried_transaction_is_not_applied_twice(root: Clients, killed: Killer) -> None:
    root.create_table("items", "pk")
    root.dynamodb.transact_write_items(**increment("1"))
    killed()
    root.dynamodb.transact_write_items(**increment("1"))
    stored = root.dynamodb.get_item(TableName="items", Key={"pk": {"S": "counter"}})
    assert stored["Item"]["n"] == {"N": "1"}
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        root.dynamodb.transact_write_items(**increment("5"))


def test_items_of_a_deleted_table_do_not_return_in_its_successor(root: Clients, killed: Killer) -> None:
    root.create_table("items", "pk")
    root.dynamodb.put_item(TableName="items", Item={"pk": {"S": "old"}})
    root.dynamodb.delete_table(TableName="items")
    root.create_table("items", "pk")
    killed()
    assert root.dynamodb.scan(TableName="items")["Count"] == 0


def test_a_rolled_back_statement_stays_rolled_back(root: Clients, killed: Killer) -> None:
    root.create_table("items", "pk")
    for name in ("a", "b"):
        root.dynamodb.put_item(TableName="items", Item={"pk": {"S": name}})
    with pytest.raises(ClientError, match="TransactionCanceled"):
        root.dynamodb.execute_transaction(
            TransactStatements=[
                {"Statement": "DELETE FROM \"items\" WHERE pk = 'a'"},
                {"Statement": "INSERT INTO \"items\" VALUE {'pk': 'b'}"},
            ]
        )
    killed()
    assert root.dynamodb.scan(TableName="items")["Count"] == 2
    assert root.dynamodb.describe_table(TableName="items")["Table"]["ItemCount"] == 2


def test_a_restored_backup_and_the_time_to_live_are_kept(root: Clients, killed: Killer) -> None:
    root.create_table("items", "pk")
    setting: Any = {"Enabled": True, "AttributeName": "ttl"}
    root.dynamodb.update_time_to_live(TableName="items", TimeToLiveSpecification=setting)
    root.dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}})
    backup = root.dynamodb.create_backup(TableName="items", BackupName="backup")["BackupDetails"]["BackupArn"]
    root.dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=backup)
    killed()
    assert root.dynamodb.scan(TableName="restored")["Count"] == 1
    described = root.dynamodb.describe_time_to_live(TableName="items")["TimeToLiveDescription"]
    assert described["TimeToLiveStatus"] == "ENABLED"


def receive(root: Clients, url: str, **more: Any) -> list[str]:
    received = root.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
    return [message["Body"] for message in received.get("Messages", [])]


def test_a_message_in_flight_stays_in_flight_and_its_receipt_deletes(root: Clients, killed: Killer) -> None:
    url = root.sqs.create_queue(QueueName="queue")["QueueUrl"]
    for body in ("held", "deleted", "left"):
        root.sqs.send_message(QueueUrl=url, MessageBody=body)
    received = root.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2, VisibilityTimeout=120)[
        "Messages"
    ]
    receipts = {message["Body"]: message["ReceiptHandle"] for message in received}
    root.sqs.delete_message(QueueUrl=url, ReceiptHandle=receipts["deleted"])
    killed()
    attributes = root.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "1"
    root.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=receipts["held"], VisibilityTimeout=300)
    killed()
    root.sqs.delete_message(QueueUrl=url, ReceiptHandle=receipts["held"])
    killed()
    attributes = root.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert receive(root, url) == ["left"]


def test_the_receive_count_leads_to_the_dead_letter_queue(root: Clients, killed: Killer) -> None:
    dead = root.sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = root.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    url = root.sqs.create_queue(QueueName="queue", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    root.sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert receive(root, url, VisibilityTimeout=0) == ["poison"]
        killed()
    assert receive(root, url, VisibilityTimeout=0) == []
    killed()
    assert receive(root, dead, VisibilityTimeout=0) == ["poison"]


def test_a_fifo_queue_remembers_what_it_has_seen(root: Clients, killed: Killer) -> None:
    url = root.sqs.create_queue(QueueName="queue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    first: Any = {"QueueUrl": url, "MessageBody": "1", "MessageGroupId": "g", "MessageDeduplicationId": "d1"}
    sent = root.sqs.send_message(**first)
    killed()
    assert root.sqs.send_message(**first)["MessageId"] == sent["MessageId"]
    second = root.sqs.send_message(**{**first, "MessageDeduplicationId": "d2"})
    assert second["SequenceNumber"] > sent["SequenceNumber"]


def test_a_deleted_queue_stays_deleted(root: Clients, killed: Killer) -> None:
    url = root.sqs.create_queue(QueueName="queue")["QueueUrl"]
    root.sqs.send_message(QueueUrl=url, MessageBody="old")
    root.sqs.delete_queue(QueueUrl=url)
    killed()
    assert not root.sqs.list_queues().get("QueueUrls")
    again = root.sqs.create_queue(QueueName="queue")["QueueUrl"]
    killed()
    assert receive(root, again) == []


def test_versions_markers_and_tags_of_objects_are_kept(root: Clients, killed: Killer) -> None:
    root.s3.create_bucket(Bucket="bucket")
    versioning: Any = {"Status": "Enabled"}
    root.s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration=versioning)
    first = root.s3.put_object(Bucket="bucket", Key="v", Body=b"one")["VersionId"]
    root.s3.put_object(Bucket="bucket", Key="tagged", Body=b"", Tagging="a=1")
    root.s3.put_object(Bucket="bucket", Key="v", Body=b"two")
    root.s3.delete_object(Bucket="bucket", Key="v")
    killed()
    listed = root.s3.list_object_versions(Bucket="bucket")
    assert (len(listed["Versions"]), len(listed["DeleteMarkers"])) == (3, 1)
    assert root.s3.get_object(Bucket="bucket", Key="v", VersionId=first)["Body"].read() == b"one"
    assert root.s3.get_object_tagging(Bucket="bucket", Key="tagged")["TagSet"] == [{"Key": "a", "Value": "1"}]


def test_a_retried_completion_of_an_upload_is_answered_as_before(root: Clients, killed: Killer) -> None:
    root.s3.create_bucket(Bucket="bucket")
    target: Any = {"Bucket": "bucket", "Key": "key"}
    upload = root.s3.create_multipart_upload(**target, ChecksumAlgorithm="SHA256")["UploadId"]
    part = root.s3.upload_part(
        **target, UploadId=upload, PartNumber=1, Body=b"x" * 100, ChecksumAlgorithm="SHA256"
    )
    killed()
    entry = {"PartNumber": 1, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]}
    completion: Any = {**target, "UploadId": upload, "MultipartUpload": {"Parts": [entry]}}
    done = root.s3.complete_multipart_upload(**completion)
    head = root.s3.head_object(**target, ChecksumMode="ENABLED")
    killed()
    assert root.s3.complete_multipart_upload(**completion)["ETag"] == done["ETag"]
    again = root.s3.head_object(**target, ChecksumMode="ENABLED")
    for field in ("ChecksumSHA256", "ChecksumType", "ETag", "ContentLength"):
        assert again[field] == head[field]
    assert root.s3.get_object(**target, PartNumber=1)["Body"].read() == b"x" * 100


def test_an_aborted_upload_stays_aborted(root: Clients, killed: Killer) -> None:
    root.s3.create_bucket(Bucket="bucket")
    upload = root.s3.create_multipart_upload(Bucket="bucket", Key="key")["UploadId"]
    root.s3.upload_part(Bucket="bucket", Key="key", UploadId=upload, PartNumber=1, Body=b"x")
    root.s3.abort_multipart_upload(Bucket="bucket", Key="key", UploadId=upload)
    killed()
    with pytest.raises(ClientError, match="NoSuchUpload"):
        root.s3.list_parts(Bucket="bucket", Key="key", UploadId=upload)


def test_users_roles_and_assumed_sessions_are_kept(root: Clients, killed: Killer) -> None:
    root.create_table("items", "pk")
    allowed = {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": "*"}
    worker = root.assuming(root.create_role("worker", allowed))
    killed()
    worker.dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}})
    with pytest.raises(ClientError, match="AccessDenied"):
        worker.dynamodb.scan(TableName="items")
