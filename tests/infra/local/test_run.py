"""The whole of `python -m infra.local`, with the real app, from the first start to the last process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.embedded import status_of
from tests.infra.local.conftest import Eventually, exchange

ROOT = Path(__file__).parents[3]
LOGIN = re.compile(r"First admin +(\S+) +password: (\S+) ")
DEVELOPERS_OWN = {
    "AWS_PROFILE": "work",
    "AWS_SESSION_TOKEN": "work",
    "HTTP_PROXY": "http://127.0.0.1:9",  # nobody listens there
    "http_proxy": "http://127.0.0.1:9",
}


class Machine:
    """A data folder, two ports, and the runs on them; what a run says goes to a file of its own."""

    def __init__(self, folder: Path, port: int, aws_port: int) -> None:
        self.folder = folder
        self.port = port
        self.aws_port = aws_port
        self.runs: list[subprocess.Popen[bytes]] = []
        own = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LOCALSTACK"))
        }
        self.environment = {
            **own,
            "DATA_DIR": str(folder / "data"),
            **DEVELOPERS_OWN,
            "PORT": str(port),
            "AWS_PORT": str(aws_port),
        }

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "infra.local"]
        with (self.folder / f"output-{len(self.runs)}").open("wb") as output:
            run = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output)
        self.runs.append(run)
        return run

    def said(self) -> str:
        return (self.folder / f"output-{len(self.runs) - 1}").read_text()

    def is_quiet(self) -> bool:
        """Whether nobody listens on either port."""
        return all(refuses(port) for port in (self.port, self.aws_port))


def refuses(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def niceness(run: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return how far each worker of a run stands back, by its queue."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "ppid=,ni=,args="], capture_output=True, text=True, check=True
    )
    processes = [line.split() for line in listed.stdout.splitlines()]
    workers = [words for words in processes if words[0] == str(run.pid) and "infra.local.worker" in words]
    return {words[words.index("infra.local.worker") + 1]: int(words[1]) for words in workers}


@pytest.fixture
def machine(
    tmp_path: Path, free_port: int, another_free_port: int, eventually: Eventually
) -> Iterator[Machine]:
    machine = Machine(tmp_path, free_port, another_free_port)
    yield machine
    for run in machine.runs:
        run.kill()
        run.wait()
    eventually(machine.is_quiet, "something still runs")


def test_everything_comes_up_serves_its_first_admin_and_comes_back_after_a_crash(
    machine: Machine, eventually: Eventually
) -> None:
    crashed = machine.start()
    eventually(lambda: LOGIN.search(machine.said()), "no banner with a login", 60)
    assert status_of(f"http://127.0.0.1:{machine.port}/health") == 200
    ((email, password),) = LOGIN.findall(machine.said())
    body = json.dumps({"email": email, "password": password}).encode()
    login = exchange(machine.port, "POST", "/v1/auth/login", body, content_type="application/json")
    assert login.json["access_token"]
    assert password not in "".join(
        log.read_text() for log in (machine.folder / "data" / "logs").glob("*.log")
    )

    usual = os.nice(0)
    expected = {"extraction": usual, "media": usual + 10, "jobs": usual + 10}
    eventually(lambda: niceness(crashed) == expected, "films do not stand back for photos")

    crashed.kill()
    crashed.wait()
    eventually(machine.is_quiet, "children outlived their supervisor")

    again = machine.start()
    eventually(lambda: "Mediatheque is running" in machine.said(), "no banner", 60)
    login = exchange(machine.port, "POST", "/v1/auth/login", body, content_type="application/json")
    assert login.json["access_token"]
    again.send_signal(signal.SIGTERM)
    assert again.wait(30) == 0
    assert machine.is_quiet()
    assert not LOGIN.search(machine.said())
    assert "Not all is well" not in machine.said()


@pytest.mark.parametrize("variable", ["PORT", "AWS_PORT"])
def test_a_busy_port_is_one_line_that_names_it_and_the_way_out(machine: Machine, variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(machine.environment[variable])))
        other.listen()
        assert machine.start().wait(30) == 1
    (line,) = machine.said().splitlines()
    assert line.startswith(f"Port {machine.environment[variable]} is in use")
    assert f"{variable}=" in line


def test_an_aws_that_does_not_answer_is_one_line(machine: Machine) -> None:
    machine.environment["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{machine.aws_port}"
    assert machine.start().wait(60) == 1
    (line,) = machine.said().splitlines()
    assert (
        line == f"No AWS answers at http://127.0.0.1:{machine.aws_port}: start it, or unset AWS_ENDPOINT_URL."
    )
