"""Brings the layer's sources onto this machine, by whichever way is open.

The ladder: a given folder, what was fetched before, the projects' release sites, the Debian mirror that this
machine's apt is configured with. Whatever its way, a tarball counts only when its SHA-256 is the one in
sources.txt. A way that is closed costs seconds, not minutes, and is not tried again for the next tarball.
"""

import hashlib
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from layers.ffprobe.recipe import LayerUnavailable, Source

_SILENCE = 8  # seconds without an answer after which a way counts as closed
_SILENT_HOSTS = 2  # after so many it is the way that is closed: a host can have many addresses to wait for
_LARGEST = 64 * 1024 * 1024  # bytes; the largest tarball has 11 MB


class SourcesUnavailable(LayerUnavailable):
    """No way led to a tarball with the right checksum; says what each way answered."""


class Closed(Exception):
    """This way does not lead to the tarball; says why."""


class Way(Protocol):
    """A place that may have a source's tarball."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def bring(self, source: Source, to: Path) -> None:
        """Write what this way has for the source to a file, unchecked; raises Closed."""


@dataclass(frozen=True)
class Folder:
    """Tarballs that lie on this machine already, under the release site's or Debian's name."""

    folder: Path
    name: str

    def bring(self, source: Source, to: Path) -> None:
        """Copy the source's file."""
        for file in (self.folder / name for name in source.file_names):
            if file.is_file():
                shutil.copyfile(file, to)
                return
        raise Closed("not there")


@dataclass
class Site:
    """Somewhere on the network; a host that did not answer is not asked again, and after two nobody is."""

    name: str
    urls: Callable[[Source], Iterable[str]]
    download: Callable[[str, Path], None]
    silent: dict[str, str] = field(default_factory=dict)

    def bring(self, source: Source, to: Path) -> None:
        """Download from the first of the site's addresses that has the file."""
        reason = "not there"
        for url in self.urls(source):
            host = urllib.parse.urlsplit(url).netloc
            try:
                self._ask(host, url, to)
            except Closed as closed:
                reason = str(closed)
            else:
                return
        raise Closed(reason)

    def _ask(self, host: str, url: str, to: Path) -> None:
        if host in self.silent or len(self.silent) >= _SILENT_HOSTS:
            raise Closed(self.silent.get(host) or next(iter(self.silent.values())))
        try:
            self.download(url, to)
        except OSError as error:
            self.silent[host] = f"no answer ({getattr(error, 'reason', error)})"
            raise Closed(self.silent[host]) from None


def over_http(url: str, to: Path) -> None:
    """Download a file; OSError when the host does not answer, Closed when it has no such file."""
    try:
        with urllib.request.urlopen(url, timeout=_SILENCE) as answer:  # noqa: S310 - addresses come from sources.txt
            to.write_bytes(answer.read(_LARGEST))
    except urllib.error.HTTPError as error:
        raise Closed(f"answered {error.code}") from None


def over_apt(url: str, to: Path) -> None:
    """Download as apt itself does, with its proxy and its credentials; answers as over_http."""
    options = ["-o", f"Acquire::http::Timeout={_SILENCE}", "-o", f"Acquire::https::Timeout={_SILENCE}"]
    command = ["/usr/lib/apt/apt-helper", *options, "-o", "Acquire::Retries=0", "download-file", url, str(to)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, fixed program
    if " 404 " in done.stderr:
        raise Closed("not there")
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("E: ")]
        raise OSError(errors[0] if errors else "apt-helper failed")


def release_addresses(source: Source) -> list[str]:
    """Where the project itself publishes the tarball."""
    return [source.release] if source.release else []


def mirror_addresses(source: Source) -> list[str]:
    """Where the mirrors of this machine's apt would have the tarball; none on a machine without apt."""
    if source.pool is None or not shutil.which("apt-get"):
        return []
    # What an update would ask: unlike indextargets, it answers before there was a first update.
    command = ["apt-get", "update", "--print-uris"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed program
    return [f"{repository}pool/main/{source.pool}" for repository in repositories(done.stdout)]


def repositories(printed: str) -> list[str]:
    """Read the repositories out of what `apt-get update --print-uris` says, in its order."""
    return list(dict.fromkeys(re.findall(r"^'(\S+/)dists/", printed, re.MULTILINE)))


def ladder(given: Path | None) -> list[Way]:
    """List the ways in the order they are tried."""
    first: list[Way] = [Folder(given, "FFPROBE_SOURCES")] if given else []
    return [
        *first,
        Site("the release sites", release_addresses, over_http),
        Site("the configured Debian mirror", mirror_addresses, over_apt),
    ]


def fetch(sources: Sequence[Source], into: Path, ways: Sequence[Way]) -> str:
    """Put one checked tarball of every name into a folder; tell in one line which ways led there.

    Raises SourcesUnavailable.
    """
    into.mkdir(parents=True, exist_ok=True)
    answers: dict[str, str] = {}
    led: list[str] = []
    for name in dict.fromkeys(source.name for source in sources):
        rows = [source for source in sources if source.name == name]
        kept = any(_answer(Folder(into, "the cache"), row, into) is None for row in rows)
        led.append("the cache" if kept else _first_open(rows, into, ways, answers))
    counts = ", ".join(f"{led.count(way)} from {way}" for way in dict.fromkeys(led))
    return f"Sources: {counts}{_told(answers)}."


def _first_open(rows: Sequence[Source], into: Path, ways: Sequence[Way], answers: dict[str, str]) -> str:
    for way in ways:
        for source in rows:
            answer = _answer(way, source, into)
            if answer is None:
                answers.pop(way.name, None)
                return way.name
            answers.setdefault(way.name, answer)
    raise SourcesUnavailable(
        f"{rows[0].name} {rows[0].version} could not be fetched{_told(answers)}. "
        "Put the tarballs named in layers/ffprobe/sources.txt into a folder and name it in FFPROBE_SOURCES."
    )


def _told(answers: dict[str, str]) -> str:
    return " (" + "; ".join(f"{way}: {answer}" for way, answer in answers.items()) + ")" if answers else ""


def _answer(way: Way, source: Source, into: Path) -> str | None:
    partial = into / f".{source.file_names[0]}.{os.getpid()}"  # two architectures may be fetching at once
    try:
        way.bring(source, partial)
        with partial.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != source.sha256:
                return f"its {source.name} has another checksum"
        partial.replace(into / source.file_names[0])
    except Closed as closed:
        return str(closed)
    finally:
        partial.unlink(missing_ok=True)
    return None
