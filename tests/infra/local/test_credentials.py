import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from infra.local import credentials
from infra.local.credentials import Endpoint
from infra.local.embedded_aws.process import EmbeddedAws

ENDPOINT = Endpoint("http://127.0.0.1:4566", "eu-west-1", "AKIAROOT", "secret")
WHO_AM_I = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def test_roles_are_profiles_by_the_names_of_their_outputs() -> None:
    outputs = {"ApiRoleArn": "arn:1", "ExtractionRoleArn": "arn:2", "BucketName": "b"}
    assert credentials.profiles_of(outputs) == {"api": "arn:1", "extraction": "arn:2"}


def test_only_their_owner_may_read_the_files(tmp_path: Path) -> None:
    old_umask = os.umask(0)
    try:
        credentials.write_profiles(tmp_path / "aws", ENDPOINT, {"api": "arn:1"})
    finally:
        os.umask(old_umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "aws").iterdir()}
    assert modes == {"config": 0o600, "credentials": 0o600}
    assert (tmp_path / "aws").stat().st_mode & 0o777 == 0o700


def test_nothing_of_the_developers_own_aws_reaches_a_process(tmp_path: Path) -> None:
    own = {
        "AWS_ACCESS_KEY_ID": "AKIADEVELOPER",
        "AWS_SESSION_TOKEN": "t",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/real",
        "PATH": "/bin",
        "NO_PROXY": "internal",
    }
    environment = credentials.environment(own, tmp_path, ENDPOINT, "api")
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"} & set(environment)
    assert (environment["AWS_PROFILE"], environment["AWS_ENDPOINT_URL"]) == ("api", ENDPOINT.url)
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert (environment["PATH"], environment["NO_PROXY"]) == ("/bin", "internal,127.0.0.1,localhost")


@pytest.mark.parametrize(
    ("profile", "identity"), [("api", "assumed-role/own-role/api-local"), ("root", ":root")]
)
def test_a_process_is_the_role_of_its_profile(
    aws: EmbeddedAws, tmp_path: Path, profile: str, identity: str
) -> None:
    endpoint = Endpoint(aws.endpoint_url, "eu-west-1", *aws.root_credentials)
    iam = boto3.client(
        "iam",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key_id,
        aws_secret_access_key=endpoint.secret_access_key,
    )
    arn = "arn:aws:iam::000000000000:role/own-role"
    if profile == "api":
        iam.create_role(RoleName="own-role", AssumeRolePolicyDocument=json.dumps(TRUST))
    credentials.write_profiles(tmp_path, endpoint, {"api": arn})
    environment = credentials.environment(
        {**os.environ, "AWS_ACCESS_KEY_ID": "other"}, tmp_path, endpoint, profile
    )
    command = [sys.executable, "-c", WHO_AM_I]
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.strip().endswith(identity)
