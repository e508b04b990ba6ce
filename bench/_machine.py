"""A whole library on this machine for one benchmark: `make run`'s processes on a folder that is thrown away."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 180.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], pause_seconds: float = 0.01) -> float:
    """Wait until something holds; return the seconds it took."""
    started = time.perf_counter()
    pause = threading.Event()
    while not holds():
        if time.perf_counter() - started > PATIENCE_SECONDS:
            raise TimeoutError
        pause.wait(pause_seconds)
    return time.perf_counter() - started


@dataclass
class Client:
    """One signed-in client on one kept-alive connection."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __call__(self, method: str, path: str, **arguments: Any) -> Any:
        """Send a request that has to succeed; return its JSON."""
        answer = self.session.request(method, self.url + path, timeout=30, **arguments)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def signed_up(self) -> "Client":
        """Open an account and sign in."""
        login = {"email": f"bench-{time.time_ns()}@example.org", "password": "correct horse battery staple"}
        self("POST", "/v1/auth/register", json=login)
        token = self("POST", "/v1/auth/login", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        return self

    def upload(self, filename: str, content: bytes) -> str:
        """Upload straight to storage; return the file's id."""
        digest = hashlib.sha256(content).hexdigest()
        body = {"filename": filename, "size": len(content), "sha256": digest}
        begun = self("POST", "/v1/uploads", json=body)
        requests.put(begun["url"], data=content, headers=begun["headers"], timeout=60).raise_for_status()
        return str(begun["file_id"])


@contextmanager
def machine() -> Iterator[Client]:
    """Run everything until the block ends; the client is signed in."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port, aws_port = free_port(), free_port()
        own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MEDIATHEQUE_"))}
        settings = {"DATA_DIR": f"{folder}/data", "PORT": str(port), "AWS_PORT": str(aws_port)}
        settings["MEDIATHEQUE_RATES"] = '{"uploads": 100000}'
        with (Path(folder) / "output").open("wb") as output:
            command = [sys.executable, "-m", "infra.local"]
            run = subprocess.Popen(command, cwd=ROOT, env={**own, **settings}, stdout=output, stderr=output)
            try:
                client = Client(f"http://127.0.0.1:{port}")
                eventually(lambda: _is_well(client), 0.2)
                yield client.signed_up()
            finally:
                run.send_signal(signal.SIGTERM)
                run.wait(30)


def _is_well(client: Client) -> bool:
    try:
        return client.session.get(f"{client.url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False
