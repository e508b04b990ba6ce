"""The command as people use it: a process of its own against the served API."""

import hashlib
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.client.proxy import proxy_holding_after
from tests.conftest import MEDIA, Deliver
from tests.doors import PASSWORD, Door

ROOT = Path(__file__).parents[2]
LARGE = 40 << 20
DEADLINE_SECONDS = 60.0


@dataclass(frozen=True)
class Command:
    """The installed command, with a home folder of its own."""

    home: Path
    url: str

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        own = {
            "PYTHONPATH": str(ROOT / "client"),
            "MEDIATHEQUE_CONFIG_DIR": str(self.home / "config"),
            "MEDIATHEQUE_CACHE_DIR": str(self.home / "cache"),
            "MEDIATHEQUE_URL": self.url,
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, "-m", "mediatheque_client", "--json", *words],
            env=os.environ | own | environment,
            cwd=self.home,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def __call__(self, *words: str, code: int = 0, stdin: str = "") -> list[Any]:
        """Run to the end, which must be this exit code, and return the objects that were printed."""
        process = self.start(*words)
        output, errors = process.communicate(stdin, timeout=DEADLINE_SECONDS)
        assert process.returncode == code, (output, errors)
        return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def command(tmp_path: Path, base_url: str, ana: Door) -> Command:
    made = Command(tmp_path, base_url)
    made("login", "--email", ana.email, "--password-stdin", stdin=f"{PASSWORD}\n")
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files in it and below it."""
    pictures = tmp_path / "pictures"
    (pictures / "sea").mkdir(parents=True)
    (pictures / "photo.jpg").write_bytes((MEDIA / "photo.jpg").read_bytes())
    (pictures / "sea" / "plain.png").write_bytes((MEDIA / "plain.png").read_bytes())
    (pictures / "sea" / "copy.jpg").write_bytes((MEDIA / "photo.jpg").read_bytes())
    (pictures / ".hidden.jpg").write_bytes(b"x")
    return pictures


def large_video(path: Path) -> bytes:
    """Write a real video of 40 MB (its end is a box that players skip) and return it."""
    video = (MEDIA / "faststart.mp4").read_bytes()
    padding = LARGE - len(video)
    content = video + struct.pack(">I4s", padding, b"free") + random.Random(4).randbytes(padding - 8)
    path.write_bytes(content)
    return content


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < deadline
        pause.wait(0.01)


def test_a_folder_is_uploaded_once(command: Command, folder: Path, ana: Door, deliver: Deliver) -> None:
    said = command("upload", str(folder), "--tag", "sea", "--tag", "2024", "--jobs", "1")
    assert sorted(one["outcome"] for one in said) == ["uploaded", "uploaded", "uploaded"]
    deliver()
    files = ana.get("/v1/files")["items"]
    assert {file["filename"] for file in files} == {"photo.jpg", "plain.png", "copy.jpg"}
    assert {file["status"] for file in files} == {"ready"}
    assert all(sorted(file["tags"]) == ["2024", "sea"] for file in files)
    again = command("upload", str(folder))
    assert [one["outcome"] for one in again] == ["duplicate"] * 3
    linked = command("upload", str(folder / "photo.jpg"), "--link")
    assert [one["outcome"] for one in linked] == ["linked"]


def test_what_is_not_taken_is_named_and_counted(command: Command, folder: Path) -> None:
    (folder / "run.exe").write_bytes(b"MZ")
    (folder / "empty.txt").write_bytes(b"")
    said = command("upload", str(folder), "no-such-file.jpg", code=1)
    codes = sorted(one["error"]["code"] for one in said if "error" in one)
    assert codes == ["extension_not_allowed", "invalid", "unreadable"]
    assert len([one for one in said if one.get("outcome") == "uploaded"]) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_large_upload_goes_on_where_it_was_stopped(
    number: signal.Signals, command: Command, tmp_path: Path, ana: Door, deliver: Deliver
) -> None:
    content = large_video(tmp_path / "film.mp4")
    words = ("upload", str(tmp_path / "film.mp4"), "--jobs", "1")
    cache = tmp_path / "cache" / "uploads.json"
    with proxy_holding_after(puts=2) as proxy:
        first = command.start(*words, http_proxy=proxy, NO_PROXY="", no_proxy="")
        eventually(lambda: cache.exists() and "upload:" in cache.read_text())
        remembered = json.loads(cache.read_text())
        [upload_id] = [value for name, value in remembered.items() if name.startswith("upload:")]
        eventually(lambda: len(ana.get(f"/v1/uploads/{upload_id}")["parts"]) == 2)
        first.send_signal(number)
    first.communicate(timeout=DEADLINE_SECONDS)
    assert first.returncode == (130 if number is signal.SIGINT else -signal.SIGKILL)
    there = ana.get(f"/v1/uploads/{upload_id}")
    assert (len(there["parts"]), there["part_count"]) == (2, 5)
    assert (there["mode"], there["state"]) == ("multipart", "open")
    [said] = command(*words)
    assert said["outcome"] == "uploaded"
    deliver()
    [file] = ana.get("/v1/files")["items"]
    assert (file["status"], file["size"], file["type"]) == ("ready", LARGE, "video")
    assert file["id"] == said["file_id"]
    [fetched] = command("get", file["id"], "-o", str(tmp_path / "back.mp4"))
    assert fetched["size"] == LARGE
    assert (tmp_path / "back.mp4").read_bytes() == content
    assert [one["outcome"] for one in command(*words)] == ["duplicate"]


def test_files_are_listed_fetched_and_removed(command: Command, folder: Path, deliver: Deliver) -> None:
    command("upload", str(folder), "--jobs", "1")
    deliver()
    listed = command("ls", "--limit", "2")
    assert len(listed) == 2
    everything = command("ls", "--limit", "0")
    assert len(everything) == 3
    [got] = command("get", everything[0]["id"])
    assert (
        hashlib.sha256(Path(folder.parent / got["path"]).read_bytes()).hexdigest() == everything[0]["sha256"]
    )
    command("rm", everything[0]["id"])
    command("rm", everything[1]["id"], "--permanent")
    assert len(command("ls")) == 1
    assert [one["error"]["code"] for one in command("rm", everything[1]["id"], code=1)] == ["file_not_found"]


def test_files_are_found_by_words_best_first(command: Command, folder: Path, deliver: Deliver) -> None:
    command("upload", str(folder), "--tag", "plain old sea", "--jobs", "1")
    deliver()
    found = command("search", "plain")
    assert found[0]["filename"] == "plain.png"  # the name says more than a tag
    assert {one["filename"] for one in found} == {"photo.jpg", "plain.png", "copy.jpg"}
    assert len(command("search", "plain", "--limit", "2")) == 2
    assert [one["filename"] for one in command("search", "COPY old")] == ["copy.jpg"]
    assert command("search", "mountain") == []
    assert [one["error"]["code"] for one in command("search", "!?", code=1)] == ["invalid"]


def test_who_is_not_signed_in_is_told_so(tmp_path: Path, base_url: str) -> None:
    nobody = Command(tmp_path, base_url)
    assert [one["error"]["code"] for one in nobody("ls", code=3)] == ["not_signed_in"]
    [wrong] = nobody("login", "--email", "x@example.org", "--password-stdin", stdin="no\n", code=1)
    assert wrong["error"]["code"] == "credentials_wrong"


def test_signing_out_ends_the_sign_in(command: Command) -> None:
    command("logout")
    command("ls", code=3)


def test_it_waits_for_the_verdict_when_asked(command: Command, tmp_path: Path, deliver: Deliver) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"#!/bin/sh\nrm -rf /\n")
    process = command.start("upload", str(tmp_path / "bad.jpg"), "--wait")
    ended = threading.Event()

    def examine() -> None:
        while not ended.wait(0.2):
            deliver()

    examiner = threading.Thread(target=examine)
    examiner.start()
    output, _ = process.communicate(timeout=DEADLINE_SECONDS)
    ended.set()
    examiner.join()
    assert process.returncode == 1
    assert json.loads(output)["error"]["code"] == "script"


def test_secrets_are_kept_from_others(command: Command) -> None:
    kept = command.home / "config" / "sign-ins.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert PASSWORD not in kept.read_text()


def test_threads_that_find_the_token_expired_renew_it_once(command: Command, folder: Path) -> None:
    kept = command.home / "config" / "sign-ins.json"
    signed_in = json.loads(kept.read_text())
    signed_in[command.url]["access_token"] = "expired"
    kept.write_text(json.dumps(signed_in))
    said = command("upload", str(folder), "--jobs", "4")
    assert [one["outcome"] for one in said if "outcome" in one]
    assert not [one for one in said if "error" in one]


def test_it_can_be_installed(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "client", source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(tmp_path / "installed"), str(source)], check=True, timeout=60)
    command = tmp_path / "installed" / "bin" / "mediatheque"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    said = subprocess.run([command, "--help"], env=environment, capture_output=True, text=True, check=True)
    assert "upload" in said.stdout
