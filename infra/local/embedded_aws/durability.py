"""Puts the durable services together: what happened is written before its reply leaves."""

import asyncio
import logging
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from .durable_dynamodb import DurableDynamoDB
from .durable_services import DurableServices
from .durable_sessions import install_sessions
from .durable_sqs import DurableSQS
from .emulator import Module
from .journal import Journal
from .root_identity import Application, Receive, Scope, Send
from .s3_objects import DurableObjects, FileOperations
from .s3_streams import StreamedObjects
from .s3_uploads import DurableUploads

logger = logging.getLogger(__name__)

PERIOD = 0.2  # seconds between two looks at what background threads did
TOKENS_PERIOD = 60.0  # seconds between two sweeps of expired idempotency tokens


class Durability:
    """Writes and restores everything that `ministack.app` holds; its own files live in `folder`."""

    def __init__(self, app: Module, journal: Journal, folder: Path) -> None:
        persistence = import_module("ministack.core.persistence")
        responses = import_module("ministack.core.responses")
        encode, decode = persistence._json_default, persistence._json_object_hook
        self._app, self._journal = app, journal
        self._services = DurableServices(app, journal, encode, decode)
        self._sqs = DurableSQS(import_module("ministack.services.sqs"), journal, responses.request_scope)
        self._dynamodb = DurableDynamoDB(
            import_module("ministack.services.dynamodb"), journal, encode, decode
        )
        self._folder = folder

    def install(self) -> None:
        """Patch the services and restore their state."""
        self._services.install()
        self._sqs.install()
        self._dynamodb.install()
        # The S3 module is loaded here, after its requests are watched.
        s3 = self._app._get_module("s3")
        files = FileOperations(fsync=self._journal.fsync)
        objects, uploads = (
            DurableObjects(s3, files),
            DurableUploads(s3, self._journal, self._folder / "uploads", files),
        )
        objects.install()
        uploads.install()
        StreamedObjects(s3).install()
        self._app._reset_all_state = self._resetting(self._app._reset_all_state, uploads)
        started = time.perf_counter()
        sessions = install_sessions(import_module("ministack.services.sts"), self._journal)
        services, items, messages = self._services.load(), self._dynamodb.load(), self._sqs.load()
        objects.load()
        open_uploads = uploads.load()
        self._journal.flush()
        logger.info(
            "restored %d items, %d messages, %d services, %d sessions and %d uploads in %.2f s",
            *(items, messages, services, sessions, open_uploads, time.perf_counter() - started),
        )

    def wrap(self, inner: Application) -> Application:
        """An application whose replies wait until what they tell is written."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await self._live(inner, scope, receive, send)
                return

            async def written_first(message: Scope) -> None:
                if message["type"] == "http.response.start":
                    await self.settle()
                await send(message)

            await inner(scope, receive, written_first)

        return application

    async def settle(self) -> None:
        """Return when everything that happened so far is written."""
        self._services.write_dirty()
        if self._dynamodb.dirty:
            self._dynamodb.write_tables()
        if self._sqs.dirty:
            self._sqs.write_queues()
        await self._journal.settle()

    async def _live(self, inner: Application, scope: Scope, receive: Receive, send: Send) -> None:
        keepers: list[asyncio.Task[None]] = []

        async def around(message: Scope) -> None:
            if message["type"] == "lifespan.startup.complete":
                keepers.append(asyncio.create_task(self._keep()))
            if message["type"] == "lifespan.shutdown.complete":
                for keeper in keepers:
                    keeper.cancel()
                self._services.sweep(everything=True)
                self._dynamodb.write_tables()
                self._sqs.write_queues()
                self._journal.flush()
            await send(message)

        await inner(scope, receive, around)

    async def _keep(self) -> None:
        """Write what background threads and other services changed; forget expired tokens."""
        tokens_at = time.monotonic() + TOKENS_PERIOD
        while True:
            await asyncio.sleep(PERIOD)
            if time.monotonic() >= self._services.sweep_at:
                self._services.sweep()
                self._dynamodb.write_tables()
                self._sqs.write_queues()
            if time.monotonic() >= tokens_at:
                tokens_at = time.monotonic() + TOKENS_PERIOD
                self._dynamodb.forget_old_tokens()
            await self.settle()

    def _resetting(self, reset_all_state: Callable[[], None], uploads: DurableUploads) -> Callable[[], None]:
        def reset() -> None:
            reset_all_state()
            self._journal.clear()
            self._dynamodb.forget()
            self._sqs.forget()
            self._services.forget()
            uploads.forget()
            self._journal.flush()

        return reset
