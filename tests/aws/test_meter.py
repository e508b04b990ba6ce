import threading

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from chalicelib.aws import meter
from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Put, Tables
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings


def test_a_receipt_has_calls_units_and_bytes(clients: Clients, settings: Settings) -> None:
    tables = Tables(lambda: clients.dynamodb)
    key = {"pk": f"test#{new_id()}", "sk": "a"}
    with meter.metered() as receipt:
        tables.commit([Put(settings.files_table, {**key, "text": "x" * 500})])
        tables.get(settings.files_table, key)
    assert receipt.calls == ["dynamodb.TransactWriteItems", "dynamodb.GetItem"]
    assert receipt.capacity_units == 3  # two to write in a transaction, one to read strongly
    assert receipt.bytes_sent > 500
    assert receipt.bytes_received > 500
    assert receipt.summary()["aws_calls"] == 2


def test_receipts_of_parallel_requests_do_not_mix(clients: Clients, settings: Settings) -> None:
    counts: dict[int, int] = {}

    def work(number: int) -> None:
        tables = Tables(lambda: clients.dynamodb)
        with meter.metered() as receipt:
            for _ in range(number):
                tables.get(settings.files_table, {"pk": "absent", "sk": "a"})
        counts[number] = len(receipt.calls)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == {number: number for number in range(1, 6)}


def test_calls_outside_a_receipt_are_counted_nowhere(clients: Clients) -> None:
    with meter.metered() as receipt:
        pass
    clients.dynamodb.list_tables()
    assert receipt.calls == []


@mock_aws
def test_a_refused_call_counts_too() -> None:
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    meter.install(session)
    sqs = session.client(
        "sqs",
        config=Config(retries={"total_max_attempts": 1}),
        endpoint_url="https://sqs.eu-west-1.amazonaws.com",
    )
    with meter.metered() as receipt, pytest.raises(ClientError):
        sqs.get_queue_url(QueueName="nowhere")
    assert receipt.calls == ["sqs.GetQueueUrl"]
