"""Secrets Manager: one secret, a JSON object, cached for a short while.

IAM: secretsmanager:GetSecretValue on the secret.
"""

import json
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

LIFE_SECONDS = 300
JUST_NOW_SECONDS = 10
Secret = dict[str, str]


class CachedSecret:
    """A secret that is read again when it is older than five minutes, so a rotation is seen soon."""

    def __init__(
        self,
        client: Callable[[], "SecretsManagerClient"],
        arn: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._arn = arn
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._value: Secret = {}
        self._read_at = -float(LIFE_SECONDS)

    def __call__(self) -> Secret:
        """Return the secret; an AWS call at most every five minutes."""
        return self._younger_than(LIFE_SECONDS)

    def newer(self) -> Secret:
        """Return the secret as it is now, or was ten seconds ago: for when the cached one does not do."""
        return self._younger_than(JUST_NOW_SECONDS)

    def put(self, value: Secret) -> None:
        """Replace the secret: for commands, whose identity may secretsmanager:PutSecretValue."""
        with self._lock:
            self._client().put_secret_value(SecretId=self._arn, SecretString=json.dumps(value))
            self._value, self._read_at = value, self._monotonic()

    def _younger_than(self, seconds: float) -> Secret:
        with self._lock:
            if self._monotonic() - self._read_at >= seconds:
                answer = self._client().get_secret_value(SecretId=self._arn)
                self._value = json.loads(answer["SecretString"])
                self._read_at = self._monotonic()
            return self._value
