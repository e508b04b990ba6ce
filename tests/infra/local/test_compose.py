from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[3] / "localstack-compose.yml"


@pytest.fixture(scope="module")
def localstack() -> dict[str, Any]:
    compose = yaml.safe_load(FILE.read_text())
    assert list(compose["services"]) == ["localstack"]
    service: dict[str, Any] = compose["services"]["localstack"]
    return service


def test_every_port_is_bound_to_this_machine_only(localstack: dict[str, Any]) -> None:
    assert localstack["ports"]
    assert all(port.startswith("127.0.0.1:") for port in localstack["ports"])
    assert "network_mode" not in localstack


def test_the_image_is_the_pinned_one_that_needs_no_token(localstack: dict[str, Any]) -> None:
    assert localstack["image"] == "localstack/localstack:4.14.0"
    assert not [name for name in localstack["environment"] if "TOKEN" in name]


def test_signatures_are_checked_and_every_service_that_is_used_runs(localstack: dict[str, Any]) -> None:
    environment = localstack["environment"]
    assert environment["S3_SKIP_SIGNATURE_VALIDATION"] == "0"
    used = {"s3", "sqs", "dynamodb", "cloudformation", "secretsmanager", "iam", "sts", "ses"}
    assert used <= set(environment["SERVICES"].split(","))


def test_its_volume_is_a_folder_of_the_data_directory(localstack: dict[str, Any]) -> None:
    assert localstack["volumes"] == ["./.data/localstack:/var/lib/localstack"]


def test_it_says_when_it_is_healthy(localstack: dict[str, Any]) -> None:
    assert "http://127.0.0.1:4566/_localstack/health" in localstack["healthcheck"]["test"]
