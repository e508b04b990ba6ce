import boto3

from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.aws.secrets import JUST_NOW_SECONDS, LIFE_SECONDS, CachedSecret
from chalicelib.core.ids import new_id


def test_a_secret_is_read_once_in_five_minutes_and_a_rotation_is_seen_then(clients: Clients) -> None:
    manager = boto3.client("secretsmanager")
    arn = manager.create_secret(Name=f"test-{new_id()}", SecretString='{"current": "k1"}')["ARN"]
    seconds = [0.0]
    secret = CachedSecret(lambda: clients.secrets, arn, lambda: seconds[0])
    with metered() as receipt:
        assert secret() == secret() == {"current": "k1"}
    assert receipt.calls == ["secrets-manager.GetSecretValue"]
    manager.put_secret_value(SecretId=arn, SecretString='{"current": "k2"}')
    assert secret() == {"current": "k1"}
    seconds[0] += LIFE_SECONDS
    assert secret() == {"current": "k2"}


def test_a_newer_secret_is_asked_for_at_most_every_ten_seconds(clients: Clients) -> None:
    manager = boto3.client("secretsmanager")
    arn = manager.create_secret(Name=f"test-{new_id()}", SecretString='{"current": "k1"}')["ARN"]
    seconds = [0.0]
    secret = CachedSecret(lambda: clients.secrets, arn, lambda: seconds[0])
    assert secret() == {"current": "k1"}
    manager.put_secret_value(SecretId=arn, SecretString='{"current": "k2"}')
    assert secret.newer() == {"current": "k1"}
    seconds[0] += JUST_NOW_SECONDS
    assert secret.newer() == {"current": "k2"}
    secret.put({"current": "k3"})
    assert secret() == {"current": "k3"}
    assert CachedSecret(lambda: clients.secrets, arn)() == {"current": "k3"}
