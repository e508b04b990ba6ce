"""Finds ffprobe and ffmpeg for this machine, or has them built.

The ladder: the layer's own build when it is in the cache, else the machine's (both in one folder of the
PATH), else a build of the layer, in the background while the rest of the application starts. So what runs
here is, wherever it can be, the very program that runs in the cloud.

    python -m infra.local.media_tools ensure           find, or build and wait; last line: the bin folder
    python -m infra.local.media_tools build [aarch64]  build the layer; last line: its folder
"""

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from layers.ffprobe import recipe
from layers.ffprobe.builder import Builder
from layers.ffprobe.cache import Place, State
from layers.ffprobe.recipe import ARCHITECTURES, LayerUnavailable, UnknownMachine

PROGRAMS = ("ffprobe", "ffmpeg")
_PATIENCE = 10  # seconds; `ffprobe -version` takes milliseconds
_CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tools:
    """A working pair of programs."""

    ffprobe: Path
    ffmpeg: Path
    origin: Literal["layer", "path"]
    version: str

    @property
    def folder(self) -> Path:
        """The folder that has both: what MEDIA_TOOLS_DIR says."""
        return self.ffprobe.parent


def default_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Name the folder that all checkouts of this user share."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mediatheque" / "ffprobe"


def find(cache: Path, search: str | None = None) -> Tools | None:
    """Find both programs and see that they run; `search` stands for the PATH. Takes milliseconds."""
    if (layer := _layer(cache)) and (tools := _working(layer, "layer")):
        return tools
    path = os.environ.get("PATH", os.defpath) if search is None else search
    found = (_working(Path(folder), "path") for folder in path.split(os.pathsep) if folder)
    return next((tools for tools in found if tools), None)


def state(cache: Path) -> State:
    """Tell how the layer's build for this machine stands, by a few file system calls.

    When it turns "ready", `find` answers with it.
    """
    try:
        return Place.of(cache, recipe.this_machine()).state()
    except UnknownMachine:
        return "failed"


def _layer(cache: Path) -> Path | None:
    try:
        place = Place.of(cache, recipe.this_machine())
    except UnknownMachine:
        return None
    return place.layer / "bin" if place.is_finished() else None


def _working(folder: Path, origin: Literal["layer", "path"]) -> Tools | None:
    ffprobe, ffmpeg = (folder / program for program in PROGRAMS)
    versions = [_version(program) for program in (ffprobe, ffmpeg)]
    return Tools(ffprobe, ffmpeg, origin, versions[0]) if versions[0] and versions[1] else None


def _version(program: Path) -> str | None:
    if not os.access(program, os.X_OK):
        return None
    command = [str(program), "-version"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE).stdout  # noqa: S603 - found where tools live
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(rf"{program.name} version (\S+)", said)
    return match[1] if match else None


class Build:
    """A build of the layer for this machine in the background: a process that the runner can stop."""

    def __init__(self, cache: Path, log: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.cache = cache
        self.log = log
        self._environ = environ
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, at low priority; what it says goes to the log."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "infra.local.media_tools", "build", "--cache", str(self.cache)]
        with self.log.open("a") as log:  # the compilers append to it too
            self._child = subprocess.Popen(  # noqa: S603 - this module itself
                [*command, "--log", str(self.log)],
                cwd=_CHECKOUT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is the runner's to hear, and stop() its answer
            )

    @property
    def running(self) -> bool:
        """Tell whether it is under way."""
        return self._child is not None and self._child.poll() is None

    @property
    def failed(self) -> str | None:
        """The sentence it ended with, when it ended badly."""
        if self._child is None or not self._child.poll():
            return None
        lines = self.log.read_text(errors="replace").split("\n")
        return next(
            (line for line in reversed(lines) if line.strip()), "The media layer's build was stopped."
        )

    def stop(self, patience: float = 10) -> None:
        """End it and its compilers, in at most `patience` seconds and a moment."""
        if self._child is None or not self.running:
            return
        self._child.terminate()
        try:
            self._child.wait(patience)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None  # stopped is not failed


def ensure(cache: Path, log: Path) -> Tools:
    """Find the tools, or build them and wait for minutes. Raises LayerUnavailable."""
    if tools := find(cache):
        return tools
    builder = Builder(cache, recipe.this_machine(), _given_sources(), log, _say)
    builder.build()
    if tools := find(cache):
        return tools
    raise LayerUnavailable(f"The media layer in {cache} was built, but does not run on this machine.")


def _given_sources() -> Path | None:
    given = os.environ.get("FFPROBE_SOURCES")
    return Path(given) if given else None


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="infra.local.media_tools", description="ffprobe and ffmpeg for this machine"
    )
    parser.add_argument("action", choices=["ensure", "build"])
    parser.add_argument(
        "architecture", nargs="?", choices=ARCHITECTURES, help="to build for; by default this machine's"
    )
    parser.add_argument("--cache", type=Path, default=default_cache())
    parser.add_argument("--log", type=Path, help="what the compilers say; by default a file in the cache")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Run one command; its last line is a folder, or the one sentence that says why not."""
    arguments = _arguments(argv)
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
    )  # so that the compilers end with us
    try:
        architecture = arguments.architecture or recipe.this_machine()
        log = arguments.log or arguments.cache / f"{recipe.key(architecture)}.log"
        if arguments.action == "ensure":
            folder = ensure(arguments.cache, log).folder
        else:
            folder = Builder(arguments.cache, architecture, _given_sources(), log, _say).build()
    except LayerUnavailable as unavailable:
        _say(str(unavailable))
        return 1
    _say(str(folder))
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
