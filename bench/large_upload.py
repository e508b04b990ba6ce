"""A large upload through everything that `make run` starts, killed once and resumed; the memory of every process.

    python -m bench.large_upload [MEGABYTES]        (300)

Prints how long it took, how much was sent after the kill, and each process's resident memory before and at most.
"""

import contextlib
import json
import os
import random
import secrets
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "media" / "samples" / "faststart.mp4"
PASSWORD = secrets.token_urlsafe()
LIMITS = {"MEDIATHEQUE_SIZE_LIMITS": json.dumps({"video": 5 << 30})}


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = folder / "film.mp4"
        write_video(film, megabytes << 20)
        with machine(folder / "data") as (url, run):
            send(folder, film, url, run.pid)


def write_video(path: Path, size: int) -> None:
    """Write a real video whose end is a box that players skip."""
    video, noise = SAMPLE.read_bytes(), random.Random(4).randbytes(1 << 20)
    with path.open("wb") as file:
        file.write(video + struct.pack(">I4s", size - len(video), b"free"))
        while file.tell() < size:
            file.write(noise[: size - file.tell()])


@contextlib.contextmanager
def machine(folder: Path) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run the library on free ports."""
    port, aws_port = free_port(), free_port()
    settings = {"DATA_DIR": str(folder), "PORT": str(port), "AWS_PORT": str(aws_port), **LIMITS}
    run = subprocess.Popen(
        [sys.executable, "-m", "infra.local"], cwd=ROOT, env=os.environ | settings, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url))
        yield url, run
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(30)


def send(folder: Path, film: Path, url: str, pid: int) -> None:
    email = "bench@example.org"
    body = {"email": email, "password": PASSWORD}
    requests.post(f"{url}/v1/auth/register", json=body, timeout=30).raise_for_status()
    home = {"MEDIATHEQUE_CONFIG_DIR": str(folder / "c"), "MEDIATHEQUE_CACHE_DIR": str(folder / "c")}
    environment = os.environ | home | {"MEDIATHEQUE_URL": url, "PYTHONPATH": str(ROOT / "client")}
    command = [sys.executable, "-m", "mediatheque_client", "--json"]
    login = [*command, "login", "--email", email, "--password-stdin"]
    subprocess.run(login, env=environment, input=PASSWORD.encode(), stdout=subprocess.DEVNULL, check=True)
    peaks = Peaks(pid)  # only now: hashing the password takes 64 MB once
    upload = [*command, "upload", "--wait", str(film)]
    started = time.monotonic()
    first = subprocess.Popen(upload, env=environment)
    token = json.loads((folder / "c" / "sign-ins.json").read_text())[url]["access_token"]
    until(lambda: half_is_there(folder / "c", url, token))
    first.kill()
    first.wait()
    there = len(progress(folder / "c", url, token)["parts"])
    killed = time.monotonic()
    said = json.loads(subprocess.run(upload, env=environment, capture_output=True, check=True).stdout)
    ended = time.monotonic()
    print(f"killed with {there} parts there, after {killed - started:.1f} s")
    print(f"resumed and examined after {ended - killed:.1f} s more: {said['status']}")
    peaks.print()


def progress(cache: Path, url: str, token: str) -> Any:
    memory = json.loads((cache / "uploads.json").read_text())
    upload_id = next((value for name, value in memory.items() if name.startswith("upload:")), None)
    if upload_id is None:
        return None
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{url}/v1/uploads/{upload_id}", headers=headers, timeout=30).json()


def half_is_there(cache: Path, url: str, token: str) -> bool:
    if not (cache / "uploads.json").exists():
        return False
    upload = progress(cache, url, token)
    return upload is not None and len(upload["parts"]) * 2 >= upload["part_count"]


class Peaks:
    """Watches the resident memory of a process's children."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._first = self._now()
        self._most = dict(self._first)
        threading.Thread(target=self._watch, daemon=True).start()

    def print(self) -> None:
        for name, most in sorted(self._most.items()):
            print(f"{name:<40} {self._first.get(name, 0) / 1e6:6.0f} MB -> {most / 1e6:6.0f} MB at most")

    def _watch(self) -> None:
        pause = threading.Event()
        with contextlib.suppress(FileNotFoundError):  # the run has ended
            while not pause.wait(0.1):
                for name, size in self._now().items():
                    self._most[name] = max(size, self._most.get(name, 0))

    def _now(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for child in Path(f"/proc/{self._parent}/task/{self._parent}/children").read_text().split():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
                resident = int(Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096
                found[" ".join(words[2:4]).strip()] = resident
        return found


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def until(holds: Callable[[], bool]) -> None:
    deadline, pause = time.monotonic() + 120, threading.Event()
    while not holds():
        if time.monotonic() > deadline:
            sys.exit("not within 120 s")
        pause.wait(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
