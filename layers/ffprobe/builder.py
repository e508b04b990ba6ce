"""Builds the layer from nothing: the tools, the sources, build.sh, the cache."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from layers.ffprobe import cache, fetch, recipe, toolchain
from layers.ffprobe.recipe import Architecture, LayerUnavailable

Say = Callable[[str], None]


class BuildFailed(LayerUnavailable):
    """build.sh ended badly; carries its last line and where the others are."""


@dataclass(frozen=True)
class Builder:
    """Builds for one architecture into one cache.

    `sources` is a folder with tarballs that the user has (or None), `log` takes what the compilers say, `say`
    gets a line at each step.
    """

    cache: Path
    architecture: Architecture
    sources: Path | None
    log: Path
    say: Say

    def build(self) -> Path:
        """Return the finished layer's folder; minutes when it has to be built. Raises LayerUnavailable."""
        if sys.platform != "linux":
            raise LayerUnavailable(
                "The media layer is built on Linux only; here, install ffmpeg (brew install ffmpeg)."
            )
        place = cache.Place.of(self.cache, self.architecture)
        if place.state() == "building":
            self.say("Another build of the media layer is running; waiting for it.")
        return cache.build_once(place, self._build)

    def _build(self, work: Path, lock: int) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        tools = toolchain.Installer.here(self.cache / "tools")
        path = toolchain.ensure(self.architecture, tools, os.environ.get("PATH", os.defpath), self.say)
        fetched = self.cache / "sources"
        self.say(fetch.fetch(recipe.sources(), fetched, fetch.ladder(self.sources)))
        self.say(f"Building ffprobe and ffmpeg for {self.architecture}, once; minutes. Log: {self.log}")
        command = [str(recipe.FOLDER / "build.sh"), self.architecture, str(fetched), str(work / "result")]
        environment = os.environ | {"PATH": path, "TMPDIR": str(work)}
        run_logged(["nice", "-n", "10", *command], environment, self.log, lock)


def run_logged(command: Sequence[str], environment: Mapping[str, str], log: Path, lock: int) -> None:
    """Run a program that keeps a lock, its output in a log. Raises BuildFailed.

    It and its children end with this process when that is interrupted; when that is killed, they go on, and
    the lock stays held until they are done.
    """
    with log.open("a") as output, ThreadPoolExecutor(1) as thread:
        child = thread.submit(  # signals interrupt the main thread only: no child is started and not known
            subprocess.Popen,
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[lock],
            start_new_session=True,
        )
        status = _wait(child)
    if status:
        raise BuildFailed(f"{_last_line(log) or f'the build ended with {status}'} (log: {log})")


def _wait(child: Future[subprocess.Popen[bytes]]) -> int:
    try:
        return child.result().wait()
    except BaseException:  # Ctrl-C, or the exit that the command line turns SIGTERM into
        os.killpg(child.result().pid, signal.SIGKILL)  # compilers too: they would go on for minutes
        child.result().wait()
        raise


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "")
