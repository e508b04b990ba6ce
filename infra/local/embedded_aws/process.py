"""The embedded AWS as a child process, for the local runner and for tests.

    with EmbeddedAws(folder) as aws:
        session = boto3.Session(*aws.root_credentials, region_name="us-east-1")
        session.client("s3", endpoint_url=aws.endpoint_url)

The child never outlives its parent, however the parent ends: it watches a pipe whose other end only the
parent holds. It has its own session, so a Ctrl-C in the terminal reaches the parent alone, which then stops
it in order.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .root_identity import RootCredentials, root_credentials

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
REPOSITORY = Path(__file__).resolve().parents[3]
LOG_LINES = 20  # shown when it does not start


class NotStartedError(Exception):
    """The server ended or stayed silent; the message ends with the last lines of its log."""


class PortBusyError(Exception):
    """Another program listens on the port that was asked for."""


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise PortBusyError(f"port {port} of {HOST} is in use by another program") from None
    listener.listen(128)
    return listener


class EmbeddedAws:
    """One server on one state folder, at 127.0.0.1.

    `port` 0 takes a free one at the first start and keeps it over restarts. `fsync` makes a reply survive a
    power cut too, `auth=False` lets any key do anything, and `environment` adds MiniStack's own settings.
    """

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        *,
        fsync: bool = False,
        auth: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._auth = auth
        self._settings = {"EMBEDDED_AWS_FSYNC": str(int(fsync)), **(environment or {})}
        self._child: subprocess.Popen[bytes] | None = None
        self._parent_pipe = -1  # our end: it closes when we end

    @property
    def endpoint_url(self) -> str:
        """Where every service answers; known after the first start."""
        return f"http://{HOST}:{self._port}"

    @property
    def root_credentials(self) -> RootCredentials:
        """The access key id and secret that may do everything."""
        return root_credentials(self.folder) if self._auth else RootCredentials("test", "test")

    @property
    def log(self) -> Path:
        """What the server printed, over all its starts."""
        return self.folder / "server.log"

    @property
    def is_running(self) -> bool:
        """Whether the server is up."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Return when the server answers; `PortBusyError`, or `NotStartedError` with the log's last lines."""
        if self.is_running:
            return
        self._release()  # of one that ended by itself
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _listen(self._port) as listener:
            self._port = listener.getsockname()[1]
            self._child = self._spawn(listener.fileno())
        try:
            self._wait_until_healthy(time.monotonic() + START_SECONDS)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop in order, so that what is kept on a clean stop only is written too."""
        if self._child is not None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._release()

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL)."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self._release()

    def reset(self) -> None:
        """Forget everything, memory and disk; takes milliseconds. Root stays the same."""
        self._own_page("POST", "/_ministack/reset")

    def sent_mail(self) -> list[dict[str, Any]]:
        """The messages sent through SES since the start, oldest first (To, Subject, BodyText, ...)."""
        by_account = json.loads(self._own_page("GET", "/_ministack/ses/messages"))["messages"]
        return [message for messages in by_account.values() for message in messages]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn(self, listener: int) -> subprocess.Popen[bytes]:
        child_end, self._parent_pipe = os.pipe()
        environment = {
            **os.environ,
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._settings,
            "AUTH": str(self._auth).lower(),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self._port),
            "EMBEDDED_AWS_DIR": str(self.folder),
            "EMBEDDED_AWS_LISTENER": str(listener),
            "EMBEDDED_AWS_PARENT_PIPE": str(child_end),
        }
        command = [sys.executable, "-m", __package__]
        try:
            with self.log.open("ab") as log:
                return subprocess.Popen(  # noqa: S603 - our own module, no shell
                    command,
                    cwd=REPOSITORY,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(listener, child_end),
                    start_new_session=True,
                )
        finally:
            os.close(child_end)

    def _wait_until_healthy(self, deadline: float) -> None:
        while time.monotonic() < deadline:
            # The socket listens already, so this waits in its queue until the server takes it.
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._request("GET", "/_ministack/health", {}, deadline - time.monotonic())
                return
            if not self.is_running:
                raise NotStartedError(f"the embedded AWS did not start:\n{self._last_lines()}")
            time.sleep(0.02)
        raise NotStartedError(
            f"the embedded AWS stayed silent for {START_SECONDS:.0f} s:\n{self._last_lines()}"
        )

    def _own_page(self, method: str, path: str) -> bytes:
        headers = {"Authorization": self.root_credentials.basic_authorization()}
        return self._request(method, path, headers, START_SECONDS)

    def _request(self, method: str, path: str, headers: dict[str, str], seconds: float) -> bytes:
        connection = http.client.HTTPConnection(HOST, self._port, timeout=max(seconds, 0.1))
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            body = response.read()
            if response.status != http.HTTPStatus.OK:
                raise http.client.HTTPException(f"{method} {path}: {response.status} {body[:200]!r}")
            return body
        finally:
            connection.close()

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def _release(self) -> None:
        self._child = None
        if self._parent_pipe >= 0:
            os.close(self._parent_pipe)
            self._parent_pipe = -1
