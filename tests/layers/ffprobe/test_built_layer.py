"""What the finished layer promises, proved on the build in this user's cache; skipped where there is none."""

import os
import shutil
import struct
import subprocess
import tarfile
import threading
import wave
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local import media_tools
from layers.ffprobe import recipe
from layers.ffprobe.cache import Place

PLACE = Place.of(media_tools.default_cache(), recipe.this_machine())
PT_INTERP = 3  # a program header that asks for the dynamic loader
ET_DYN = 3  # loadable anywhere: address randomisation

pytestmark = pytest.mark.skipif(not PLACE.is_finished(), reason="no layer was built on this machine")


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PLACE.layer / "bin" / program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)


class _Served(BaseHTTPRequestHandler):
    content = b""
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _serving(body: bytes) -> Iterator[tuple[int, list[str]]]:
    requests: list[str] = []
    handler = type("Handler", (_Served,), {"content": body, "asked": requests})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port, requests
        finally:
            server.shutdown()
            thread.join()


def _silence(folder: Path) -> bytes:
    with wave.open(str(folder / "silence.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(16000))
    return (folder / "silence.wav").read_bytes()


def test_it_is_one_static_relocatable_program_under_both_names() -> None:
    ffprobe = PLACE.layer / "bin" / "ffprobe"
    assert ffprobe.is_symlink()
    assert ffprobe.resolve() == (PLACE.layer / "bin" / "ffmpeg").resolve()

    elf = ffprobe.read_bytes()
    (kind,) = struct.unpack_from("<H", elf, 16)
    (headers,) = struct.unpack_from("<Q", elf, 32)
    size, count = struct.unpack_from("<HH", elf, 54)
    kinds = {struct.unpack_from("<I", elf, headers + size * index)[0] for index in range(count)}

    assert kind == ET_DYN
    assert PT_INTERP not in kinds


def test_both_programs_say_what_they_are_and_under_which_licence() -> None:
    for program in media_tools.PROGRAMS:
        assert _run(program, "-version").stdout.startswith(f"{program} version 7.1.5 ")
        licence = _run(program, "-hide_banner", "-L").stdout
        assert "GNU Lesser General Public" in licence
        assert "version 2.1 of the License" in licence


def test_it_has_no_file_protocol_and_nothing_that_follows_a_file_to_another() -> None:
    listed = _run("ffprobe", "-hide_banner", "-protocols").stdout
    protocols = {line.strip() for line in listed.splitlines() if line.startswith("  ")}
    rows = _run("ffprobe", "-hide_banner", "-demuxers").stdout.splitlines()
    demuxers = {row.split()[1] for row in rows if row.startswith(" D ")}

    assert protocols == {"http", "tcp", "pipe", "fd"}
    assert not demuxers & {"hls", "dash", "concat", "image2", "sdp", "rtp", "rtsp"}
    assert {"matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpegts"} <= demuxers


def test_it_cannot_read_a_file_of_the_machine() -> None:
    for name in ("/etc/hostname", "file:/etc/hostname"):
        done = _run("ffprobe", name)
        assert done.returncode
        assert "Protocol not found" in done.stderr


def test_it_reads_from_127_0_0_1(tmp_path: Path) -> None:
    with _serving(_silence(tmp_path)) as (port, _):
        done = _run(
            "ffprobe", "-v", "error", "-show_entries", "format=duration", f"http://127.0.0.1:{port}/a"
        )

    assert "duration=1.000000" in done.stdout


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "127.1", "0.0.0.0", "[::1]", "2130706433", ""])
def test_it_connects_to_no_other_host_however_it_is_spelled(host: str, tmp_path: Path) -> None:
    with _serving(_silence(tmp_path)) as (port, requests):
        done = _run("ffprobe", f"http://{host}:{port}/a")

    assert done.returncode
    assert "loopback only" in done.stderr
    assert requests == []


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:4040?listen=1", "tcp://127.0.0.1:4040?local_addr=0.0.0.0"])
def test_it_does_not_listen_or_choose_its_own_address(url: str) -> None:
    done = _run("ffprobe", url)

    assert done.returncode
    assert "loopback only" in done.stderr


def test_its_http_does_not_listen_either() -> None:
    done = _run("ffprobe", "-listen", "1", "http://127.0.0.1:4040/")

    assert done.returncode
    assert "loopback only" in done.stderr


def test_a_playlist_leads_nowhere() -> None:
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nsecond.ts\n#EXT-X-ENDLIST\n"
    with _serving(playlist.encode()) as (port, requests):
        done = _run("ffprobe", f"http://127.0.0.1:{port}/first.m3u8")

    assert done.returncode
    assert set(requests) == {"/first.m3u8"}


def test_no_folder_of_the_building_machine_stays_in_it() -> None:
    program = (PLACE.layer / "bin" / "ffmpeg").read_bytes()

    assert b"ffprobe-layer." not in program
    assert os.fsencode(PLACE.cache) not in program


def test_the_zip_holds_the_program_once_the_symlink_and_the_licences(tmp_path: Path) -> None:
    with zipfile.ZipFile(PLACE.layer / "layer.zip") as layer:
        names = set(layer.namelist())
        link = layer.getinfo("bin/ffprobe")
        assert link.external_attr >> 16 & 0o170000 == 0o120000
        assert layer.read(link) == b"ffmpeg"
        layer.extract("bin/ffmpeg", tmp_path)

    program = tmp_path / "bin" / "ffmpeg"
    assert program.read_bytes() == (PLACE.layer / "bin" / "ffmpeg").read_bytes()
    notices = {"NOTICE.txt", "LGPL-2.1.txt", "FFmpeg-changes.patch", "dav1d-BSD-2-Clause.txt", "zlib.txt"}
    assert {f"LICENCES/{notice}" for notice in notices} <= names
    assert "@" not in (PLACE.layer / "LICENCES" / "NOTICE.txt").read_text()


@pytest.mark.skipif(shutil.which("gcc") is None, reason="relinking needs a compiler")
def test_the_program_can_be_linked_again_as_the_lgpl_asks(tmp_path: Path) -> None:
    with tarfile.open(PLACE.layer / "relink.tar.xz") as objects:
        objects.extractall(tmp_path, filter="data")

    subprocess.run([tmp_path / "relink" / "relink.sh", tmp_path / "ffprobe"], check=True, capture_output=True)

    relinked = subprocess.run([tmp_path / "ffprobe", "-version"], capture_output=True, text=True, check=True)
    assert relinked.stdout.startswith("ffprobe version 7.1.5 ")
