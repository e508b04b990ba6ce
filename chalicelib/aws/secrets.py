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
        with self._lock:
            if self._monotonic() - self._read_at >= LIFE_SECONDS:
                answer = self._client().get_secret_value(SecretId=self._arn)
                self._value = json.loads(answer["SecretString"])
                self._read_at = self._monotonic()
            return self._value
