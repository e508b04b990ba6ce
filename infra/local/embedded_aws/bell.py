"""Wakes long polls when a message comes: as shipped they look into their queue ten times a second.

The ten looks a second stay, for messages that become visible without coming: delayed ones, and those nobody deleted.
"""

import asyncio
import contextlib
import threading


class Bell:
    """Stands in for `asyncio` where a long poll sleeps. Rung from any thread."""

    def __init__(self) -> None:
        self._sleepers: dict[asyncio.Future[None], asyncio.AbstractEventLoop] = {}
        self._lock = threading.Lock()

    async def sleep(self, seconds: float) -> None:
        """Return when the bell is rung, or after so many seconds."""
        loop = asyncio.get_running_loop()
        rung: asyncio.Future[None] = loop.create_future()
        with self._lock:
            self._sleepers[rung] = loop
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rung, seconds)
        finally:
            with self._lock:
                self._sleepers.pop(rung, None)

    def ring(self) -> None:
        """Wake all who sleep."""
        with self._lock:
            sleepers, self._sleepers = self._sleepers, {}
        for rung, loop in sleepers.items():
            with contextlib.suppress(RuntimeError):  # its loop was closed
                loop.call_soon_threadsafe(_wake, rung)


def _wake(rung: asyncio.Future[None]) -> None:
    if not rung.done():
        rung.set_result(None)
