"""What the tests of one machine's stand-ins share."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local.embedded_aws.process import EmbeddedAws

Eventually = Callable[..., None]


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait until a condition holds; fail with the reason at the deadline."""

    def wait(condition: Callable[[], object], reason: str, seconds: float = 20.0) -> None:
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, reason
            pause.wait(0.02)

    return wait


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """An embedded AWS of the module's own."""
    with EmbeddedAws(Path(tmp_path_factory.mktemp("aws"))) as running:
        yield running
