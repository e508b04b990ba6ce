import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.settings import Refused, only_run, read_settings, refuse_busy_port

ROOT = Path(__file__).parents[3]


def test_without_settings_everything_is_local_and_on_the_usual_ports() -> None:
    settings = read_settings({})
    assert (settings.api_url, settings.aws_url) == ("http://127.0.0.1:8000", "http://127.0.0.1:4566")
    assert (settings.endpoint, settings.region) == (None, "eu-west-1")
    assert settings.folder == Path.cwd() / ".data"


@pytest.mark.parametrize(
    ("environment", "endpoint"),
    [
        ({"AWS_ENDPOINT_URL": "http://a:1"}, "http://a:1"),
        ({"LOCALSTACK_ENDPOINT": "http://b:2"}, "http://b:2"),
        ({"LOCALSTACK_HOST": "c:3"}, "http://c:3"),
        ({"AWS_ENDPOINT_URL": "http://a:1", "LOCALSTACK_HOST": "c:3"}, "http://a:1"),
    ],
)
def test_an_aws_that_runs_already_is_used(environment: dict[str, str], endpoint: str) -> None:
    settings = read_settings(environment)
    assert (settings.endpoint, settings.aws_url) == (endpoint, endpoint)


@pytest.mark.parametrize("given", ["0", "65536", "http", "-1", "80 80"])
def test_a_port_that_is_none_is_refused_by_name(given: str) -> None:
    with pytest.raises(Refused, match=f"PORT={given}"):
        read_settings({"PORT": given})


def test_a_busy_port_is_refused_naming_the_port_and_the_variable() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refused, match=rf"^Port {port} is in use: .* AWS_PORT=\d+\.$"):
            refuse_busy_port(port, "AWS_PORT")
    refuse_busy_port(port, "AWS_PORT")


def test_a_folder_serves_one_run_at_a_time(tmp_path: Path) -> None:
    with only_run(tmp_path):
        text = (
            "import sys, pathlib, infra.local.settings as s\nwith s.only_run(pathlib.Path(sys.argv[1])): pass"
        )
        second = subprocess.run(
            [sys.executable, "-c", text, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert f"process {os.getpid()}: stop it first" in second.stderr
    with only_run(tmp_path):
        assert (tmp_path / "run.lock").read_text() == str(os.getpid())


def test_an_address_of_localstack_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="host:port"):
        read_settings({"LOCALSTACK_HOST": "c:port"})
