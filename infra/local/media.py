"""Gives the processes ffprobe and ffmpeg: those there are, or those that a build in the background makes."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from infra.local import media_tools
from layers.ffprobe import recipe
from layers.ffprobe.cache import Place

_LOOK_SECONDS = 1.0


class MediaTools:
    """The programs for this run. Serving never waits for them: what needs them is tried again until they are there."""

    def __init__(self, log: Path, terminal: TextIO, cache: Path | None = None) -> None:
        self._terminal = terminal
        self._cache = cache or media_tools.default_cache()
        self._log = log
        self._build: media_tools.Build | None = None
        self._stopped = threading.Event()

    @property
    def are_expected(self) -> bool:
        """Whether a build is under way."""
        return self._build is not None and self._build.running

    def provide(self, on_failure: Callable[[], None]) -> str:
        """Return the folder that has the programs, or will have them at the end of a build that this starts.

        A build's result appears there in one piece. When it fails, one line says so and `on_failure` is called.
        """
        found = media_tools.find(self._cache)
        if found:
            return str(found.folder)
        try:
            place = Place.of(self._cache, recipe.this_machine())
        except recipe.UnknownMachine as fault:
            self._say(f"No ffprobe, and none can be built here: install ffmpeg for audio and video. {fault}")
            return ""
        self._say(f"No ffprobe yet: building one in the background takes some minutes; see {self._log}")
        self._build = media_tools.Build(self._cache, self._log)
        self._build.start()
        threading.Thread(target=self._follow, args=(self._build, on_failure), daemon=True).start()
        return str(place.layer / "bin")

    def stop(self) -> None:
        """End a build that still runs; the next run begins it anew."""
        self._stopped.set()
        if self._build:
            self._build.stop()

    def _follow(self, build: media_tools.Build, on_failure: Callable[[], None]) -> None:
        while build.running:
            if self._stopped.wait(_LOOK_SECONDS):
                return
        if build.failed is None:
            self._say("ffprobe and ffmpeg are built: audio and video are examined from now on.")
        elif not self._stopped.is_set():
            self._say(f"No ffprobe could be built, so audio and video fail: {build.failed}")
            on_failure()

    def _say(self, line: str) -> None:
        print(line, file=self._terminal, flush=True)
