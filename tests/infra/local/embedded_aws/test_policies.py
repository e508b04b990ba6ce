"""What is remembered of policies: never longer than they say it."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.infra.local.embedded_aws.clients import Clients


def policy(effect: str) -> str:
    statement = {"Effect": effect, "Action": "sqs:ListQueues", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_policy_that_changes_counts_from_the_next_request_on(root: Clients) -> None:
    arn = root.create_role("worker")
    worker = root.assuming(arn)
    for _ in range(3):
        root.iam.put_role_policy(RoleName="worker", PolicyName="one", PolicyDocument=policy("Allow"))
        worker.sqs.list_queues()
        root.iam.put_role_policy(RoleName="worker", PolicyName="other", PolicyDocument=policy("Deny"))
        with pytest.raises(ClientError, match="AccessDenied"):
            worker.sqs.list_queues()
        root.iam.delete_role_policy(RoleName="worker", PolicyName="other")
        worker.sqs.list_queues()
        root.iam.delete_role_policy(RoleName="worker", PolicyName="one")
        with pytest.raises(ClientError, match="AccessDenied"):
            worker.sqs.list_queues()
