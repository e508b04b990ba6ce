"""A real player on real addresses: headless Chromium plays what was uploaded from its signed address, and seeks."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import MEDIA, Deliver
from tests.doors import Door, put

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0"),
)
SECONDS = 60
PAGE = """<!doctype html><body><script>
const player = document.createElement('video')
const told = {}
const tell = () => fetch('/told', {method: 'POST', body: JSON.stringify(told)})
player.muted = true
player.onerror = () => { told.error = player.error.message; tell() }
player.onloadedmetadata = () => {
  told.duration = player.duration
  told.seekable = player.seekable.length ? player.seekable.end(0) : 0
  player.play().catch(error => { told.error = String(error); tell() })
}
player.ontimeupdate = () => {
  if (told.played === undefined && player.currentTime > 0) {
    told.played = player.currentTime
    player.currentTime = player.duration * 0.7
  }
}
player.onseeked = () => { told.sought = player.currentTime; tell() }
player.src = decodeURIComponent(location.hash.slice(1))
</script>"""


class Stage(BaseHTTPRequestHandler):
    """Serves the page, and hears what it tells."""

    heard: "Queue[Any]"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def do_POST(self) -> None:
        self.heard.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the terminal quiet."""


@pytest.fixture
def stage() -> Iterator[tuple[str, "Queue[Any]"]]:
    heard: Queue[Any] = Queue()
    handler = type("OneStage", (Stage,), {"heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", heard
        server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", ["faststart.mp4", "moov_end.mp4", "clip.webm", "cover.mp3"])
def test_a_browser_plays_and_seeks_what_was_uploaded(
    ana: Door, deliver: Deliver, stage: tuple[str, "Queue[Any]"], tmp_path: Path, name: str
) -> None:
    content = (MEDIA / name).read_bytes()
    begun = ana.begin(name, content)
    assert put(begun, content).status_code == 200
    deliver()
    address = ana.get(f"/v1/files/{begun['file_id']}/download?disposition=inline&redirect=false")["url"]
    page, heard = stage
    url = f"{page}#{quote(address, safe='')}"
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path}", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
        try:
            told = heard.get(timeout=SECONDS)
        finally:
            browser.terminate()
    assert "error" not in told, told
    assert told["played"] > 0
    assert told["seekable"] == pytest.approx(told["duration"], abs=0.1)
    assert told["sought"] == pytest.approx(told["duration"] * 0.7, abs=0.2)
