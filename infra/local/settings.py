"""What `make run` may be told by environment variables, and what must hold before anything starts.

DATA_DIR (.data) keeps all state. PORT (8000) and AWS_PORT (4566) are the API's and the embedded AWS's ports.
AWS_ENDPOINT_URL, LOCALSTACK_ENDPOINT or LOCALSTACK_HOST name an AWS that runs already, such as LocalStack;
then no embedded AWS is started. AWS_REGION (eu-west-1) is the region in all of them.
"""

import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from localstack_client.config import parse_localstack_host

HOST = "127.0.0.1"
_LAST_RUN_SECONDS = 15.0


class Refused(Exception):
    """Starting makes no sense; the message is one line that says what to do."""


@dataclass(frozen=True)
class Settings:
    """One run's settings; `endpoint` is None when the embedded AWS is to be started."""

    folder: Path
    port: int
    aws_port: int
    region: str
    endpoint: str | None
    admin_email: str

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def aws_url(self) -> str:
        """Where AWS answers."""
        return self.endpoint or f"http://{HOST}:{self.aws_port}"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises Refused for a port that is no number."""
    return Settings(
        folder=Path(environ.get("DATA_DIR", ".data")).absolute(),
        port=_port(environ, "PORT", 8000),
        aws_port=_port(environ, "AWS_PORT", 4566),
        region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "eu-west-1",
        endpoint=_running_aws(environ),
        admin_email=environ.get("ADMIN_EMAIL", "admin@mediatheque.local"),
    )


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    given = environ.get(name) or str(default)
    if not given.isdecimal() or not 0 < int(given) < 65536:  # noqa: PLR2004 - TCP's range
        raise Refused(f"{name}={given} is no port: give a number from 1 to 65535.")
    return int(given)


def _running_aws(environ: Mapping[str, str]) -> str | None:
    given = environ.get("AWS_ENDPOINT_URL") or environ.get("LOCALSTACK_ENDPOINT")
    if not given and (host := environ.get("LOCALSTACK_HOST")):
        try:
            name, port = parse_localstack_host(host)
        except RuntimeError:
            raise Refused(f"LOCALSTACK_HOST={host} is no address: give host:port.") from None
        given = f"http://{name}:{port}"
    return given or None


def refuse_busy_port(port: int, variable: str) -> None:
    """Raise Refused when something listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as fault:
            if fault.errno == errno.EACCES:
                raise Refused(f"Port {port} needs more rights: choose another with {variable}=...") from None
            raise Refused(
                f"Port {port} is in use: stop what uses it, or choose another with {variable}={port + 1}."
            ) from None


@contextmanager
def only_run(folder: Path) -> Iterator[int]:
    """Hold the data folder for one run, and give the descriptor that holds it; children keep it by inheriting that.

    When the last run was killed, its children are given a few seconds to end. Raises Refused when a run goes on.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "run.lock").open("a+") as lock:
        deadline = time.monotonic() + _LAST_RUN_SECONDS
        while not _take(lock):
            lock.seek(0)
            holder = lock.read().strip()
            if _is_alive(holder) or time.monotonic() > deadline:
                raise Refused(f"Already running on {folder} as process {holder}: stop it first.")
            time.sleep(0.1)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock.fileno()


def _take(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
