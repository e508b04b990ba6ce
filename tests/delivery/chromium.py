"""A headless Chromium, spoken to by the DevTools protocol over a pair of pipes."""

import base64
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--remote-debugging-pipe",
)


@dataclass
class Tab:
    """One page of a browser."""

    to: IO[bytes]
    back: IO[bytes]
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def tell(self, method: str, **parameters: Any) -> Any:
        """Send a command and return its result; what happens meanwhile is kept in `events`."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self.session} if self.session else {}
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while True:
            heard = self._hear()
            if heard.get("id") == number:
                assert "error" not in heard, heard
                return heard["result"]
            self.events.append(heard)

    def run(self, script: str) -> Any:
        """Evaluate a script in the page, wait for its promise, and return its value."""
        answer = self.tell("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def open(self, url: str, width: int, height: int, *, dark: bool = False) -> None:
        """Open a page at a width, and wait until it is loaded."""
        self.tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setEmulatedMedia", features=[scheme])
        self.tell("Page.navigate", url=url)
        self.run(
            "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        )

    def picture(self, path: Path) -> None:
        """Take a screenshot."""
        shot = self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=False)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self) -> list[str]:
        """Return what the page complained of in its console, such as what its policy forbids."""
        self.tell("Runtime.evaluate", expression="0")
        return [
            str(event["params"])
            for event in self.events
            if event.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}
        ]

    def _hear(self) -> dict[str, Any]:
        heard = bytearray()
        while (one := self.back.read(1)) != b"\0":
            assert one, "the browser has ended"
            heard += one
        message: dict[str, Any] = json.loads(heard)
        return message


@contextmanager
def browser(folder: Path) -> Iterator[Tab]:
    """Run a browser with one empty page."""
    for_it, to = os.pipe()
    back, from_it = os.pipe()
    command = f'exec "{CHROMIUM}" {" ".join(FLAGS)} --user-data-dir="{folder}" 3<&{for_it} 4>&{from_it}'
    with subprocess.Popen(
        command,
        shell=True,
        executable="/bin/bash",
        pass_fds=(for_it, from_it),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        os.close(for_it)
        os.close(from_it)
        with os.fdopen(to, "wb") as writing, os.fdopen(back, "rb") as reading:
            tab = Tab(writing, reading)
            target = tab.tell("Target.createTarget", url="about:blank")["targetId"]
            tab.session = tab.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                tab.tell(f"{domain}.enable")
            try:
                yield tab
            finally:
                running.terminate()
