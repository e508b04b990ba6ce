"""Makes the key of signed CloudFront addresses: `python -m infra.cdn_key --stage prod`.

Its private half goes to Secrets Manager, never to a file; its public half is printed as a parameter of `make deploy`.
For a stage that has one, the same key is printed again. To change it, take the secret away and give `EdgeKey` in the
template another name: CloudFront replaces no key in place.
"""

import argparse
import json
import shlex
from typing import TYPE_CHECKING

import boto3
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from chalicelib.aws.cloudfront import PRIVATE_KEY

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

BITS = 2048  # the most that CloudFront takes
EXPONENT = 65537


def ensure(secrets: "SecretsManagerClient", stage: str) -> str:
    """Return the public half (PEM) of the stage's key, made if there is none."""
    name = f"mediatheque-{stage}-cdn-key"
    try:
        found = secrets.get_secret_value(SecretId=name)
    except secrets.exceptions.ResourceNotFoundException:
        made = secrets.create_secret(
            Name=name,
            Description="The private key of CloudFront's signed addresses",
            SecretString=json.dumps({PRIVATE_KEY: _new_key()}),
        )
        found = secrets.get_secret_value(SecretId=made["ARN"])
    pem = json.loads(found["SecretString"])[PRIVATE_KEY]
    key = load_pem_private_key(pem.encode(), None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _new_key() -> str:
    key = generate_private_key(EXPONENT, BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def main() -> None:
    """Make or find the key, and print how to deploy with it."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.cdn_key", description="The key of signed addresses."
    )
    parser.add_argument("--stage", required=True)
    public = ensure(boto3.client("secretsmanager"), parser.parse_args().stage)
    print(f"--parameter {shlex.quote(f'CdnPublicKey={public}')}")


if __name__ == "__main__":
    main()
