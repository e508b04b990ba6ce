"""CloudFront: signed addresses, and invalidation of what its edges have kept.

A canned policy signs the whole address (AWS, "Create a signed URL using a canned policy"), so nobody can give an object
another type or name. CloudFront takes its own three parameters off; the two that S3 answers by,
`response-content-type` and `response-content-disposition`, are in the distribution's cache policy and reach S3 with it.

IAM: secretsmanager:GetSecretValue on the key's secret, cloudfront:CreateInvalidation on the distribution.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError
from botocore.signers import CloudFrontSigner

from chalicelib.aws.secrets import CachedSecret
from chalicelib.core.clock import Clock

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from types_boto3_cloudfront import CloudFrontClient

PRIVATE_KEY = "private_key"
"""The field of the secret that holds the key, as PEM."""
BUSY = "TooManyInvalidationsInProgress"


@dataclass(frozen=True)
class SignedByCloudFront:
    """Signs addresses of a distribution with the private half of a key in its key group."""

    domain: str
    key_id: str
    secret: CachedSecret
    clock: Clock

    def presign_get(self, key: str, *, content_type: str, disposition: str, seconds: int) -> str:
        """Return the signed address of an object; no call, but in a while one for the key."""
        asked = {"response-content-type": content_type, "response-content-disposition": disposition}
        address = f"https://{self.domain}/{quote(key)}?{urlencode(asked, quote_via=quote)}"
        ends = self.clock() + timedelta(seconds=seconds)
        url: str = CloudFrontSigner(self.key_id, self._sign).generate_presigned_url(address, ends)
        return url

    def _sign(self, policy: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as _key
        from cryptography.hazmat.primitives.hashes import SHA1  # noqa: PLC0415 - as _key

        return _key(self.secret()[PRIVATE_KEY]).sign(policy, PKCS1v15(), SHA1())  # noqa: S303 - CloudFront takes no other


@functools.lru_cache(maxsize=2)
def _key(pem: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - a request without a download needs none
        load_pem_private_key,
    )

    return load_pem_private_key(pem.encode(), None)  # type: ignore[return-value]  # as `infra.cdn_key` made it


class Distribution:
    """What is said to one distribution."""

    def __init__(self, client: "Callable[[], CloudFrontClient]", distribution_id: str) -> None:
        self._client = client
        self._id = distribution_id

    def invalidate(self, paths: Sequence[str], reference: str) -> bool:
        """Have the edges forget paths (at most 15 wildcards); sent again under the same reference, it is done once.

        False when too many invalidations are in progress: ask again later.
        """
        try:
            self._client().create_invalidation(
                DistributionId=self._id,
                InvalidationBatch={
                    "Paths": {"Quantity": len(paths), "Items": list(paths)},
                    "CallerReference": reference,
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != BUSY:
                raise
            return False
        return True
