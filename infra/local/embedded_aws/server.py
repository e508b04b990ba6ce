"""The embedded AWS as an ASGI application, and the server that runs it."""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Self, cast

import uvicorn

from .api_definitions import install_definitions
from .cors import install_cors
from .durability import Durability
from .emulator import require_pinned
from .fast_dynamodb import FastDynamoDB
from .iam_ledger import install_ledger
from .journal import Journal
from .lambda_functions import install_runtime
from .policies import install_policies
from .root_identity import Application, guard_pages, install_root, root_credentials
from .s3_events import install_events
from .s3_objects import recover
from .templates import READERS, install_conditions, install_queries

logger = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 75
GRACE_SECONDS = 3


def _descriptor(name: str) -> int | None:
    text = os.environ.get(name)
    return int(text) if text else None


@dataclass(frozen=True)
class Settings:
    """What the environment says; `__main__` lists the variables."""

    folder: Path = field(default_factory=lambda: Path("aws-data"))
    port: int = 4566
    host: str = "127.0.0.1"
    fsync: bool = False
    auth: bool = True
    log_level: str = "WARNING"
    listener: int | None = None
    parent_pipe: int | None = None
    lambda_python: str | None = None
    iam_ledger: str | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings; `ValueError` for a port that is no number."""
        return cls(
            folder=Path(os.environ.get("EMBEDDED_AWS_DIR", "aws-data")).resolve(),
            port=int(os.environ.get("GATEWAY_PORT", "4566")),
            host=os.environ.get("BIND_HOST", "127.0.0.1"),
            fsync=os.environ.get("EMBEDDED_AWS_FSYNC") == "1",
            auth=os.environ.get("AUTH", "true").lower() != "false",
            log_level=os.environ.get("LOG_LEVEL", "WARNING"),
            listener=_descriptor("EMBEDDED_AWS_LISTENER"),
            parent_pipe=_descriptor("EMBEDDED_AWS_PARENT_PIPE"),
            lambda_python=os.environ.get("EMBEDDED_AWS_LAMBDA_PYTHON"),
            iam_ledger=os.environ.get("EMBEDDED_AWS_IAM_LEDGER"),
        )


def _prepare(settings: Settings) -> None:
    """MiniStack reads its settings when it is imported, so they are made before."""
    folder = settings.folder
    for name in ("s3", "uploads", "tmp"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(
        PERSIST_STATE="0",
        S3_PERSIST="1",
        S3_DATA_DIR=str(folder / "s3"),
        STATE_DIR=str(folder / "unused"),
        TMPDIR=str(folder / "tmp"),
        GATEWAY_PORT=str(settings.port),
        BIND_HOST=settings.host,
        AUTH=str(settings.auth).lower(),
        LOG_LEVEL=settings.log_level,
    )
    for name in ("SFTP_ENABLED", "IOT_MTLS_ENABLED"):
        os.environ.setdefault(name, "0")
    if settings.auth:
        root = root_credentials(folder)
        os.environ.update(AWS_ACCESS_KEY_ID=root.access_key_id, AWS_SECRET_ACCESS_KEY=root.secret_access_key)
        os.environ.pop("AWS_SESSION_TOKEN", None)


def build(settings: Settings) -> tuple[Application, Journal]:
    """The patched application with its state restored, and its journal, which the caller closes.

    `WrongVersionError` for another MiniStack, `FolderInUseError` for a folder that another server holds.
    """
    require_pinned()
    settings.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal = Journal(settings.folder / "journal.sqlite", fsync=settings.fsync)
    _prepare(settings)
    interrupted = recover(settings.folder / "s3")
    if any(interrupted):
        logger.warning("S3 writes interrupted by a kill: %d finished, %d undone", *interrupted)
    app = import_module("ministack.app")
    FastDynamoDB(import_module("ministack.services.dynamodb")).install()
    install_cors(app)
    install_events(import_module("ministack.services.s3"))
    durability = Durability(app, journal, settings.folder)
    durability.install()
    application = durability.wrap(app.app)
    if settings.lambda_python:
        install_runtime(import_module("ministack.core.lambda_runtime"), settings.lambda_python)
        install_definitions(import_module("ministack.services.apigateway_v1"))
        install_conditions(import_module(f"ministack.services.cloudformation.{name}") for name in READERS)
        install_queries(import_module("ministack.services.cloudformation.provisioners"))
    if settings.auth:
        root = root_credentials(settings.folder)
        evaluator, sts = (
            import_module("ministack.core.iam_evaluator"),
            import_module("ministack.services.sts"),
        )
        install_root(evaluator, sts, root)
        install_policies(evaluator)
        if settings.iam_ledger:
            install_ledger(evaluator, Path(settings.iam_ledger))
        application = guard_pages(application, root)
    gc.collect()
    gc.freeze()  # the restored items need no further looking at by the collector
    return application, journal


async def serve(application: Application, settings: Settings) -> None:
    """Serve until SIGTERM, SIGINT or the end of the parent; `OSError` if the port is busy."""
    config = uvicorn.Config(
        # Uvicorn describes every ASGI message; this package only passes them on.
        cast("Any", application),
        lifespan="on",
        http="httptools",
        ws="none",
        proxy_headers=False,
        server_header=False,
        date_header=False,  # MiniStack's own is there
        access_log=False,
        log_config=None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    if settings.parent_pipe is not None:
        loop = asyncio.get_running_loop()
        loop.add_reader(settings.parent_pipe, _ended(settings.parent_pipe, server))
    await server.serve([_listener(settings)])


class _Server(uvicorn.Server):
    """Ends when it is told to, and lets its process end in order; Uvicorn's own ends that by the same signal."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the interface
        self.should_exit = True


def _listener(settings: Settings) -> socket.socket:
    if settings.listener is None:
        return socket.create_server((settings.host, settings.port))
    return socket.socket(fileno=settings.listener)


def _ended(pipe: int, server: _Server) -> Callable[[], None]:
    """The parent holds the other end of the pipe and never writes: readable means that it is gone."""

    def call() -> None:
        asyncio.get_running_loop().remove_reader(pipe)
        server.should_exit = True

    return call
