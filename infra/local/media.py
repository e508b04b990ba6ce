"""Gives the processes ffprobe and ffmpeg: those there are, or those that a build in the background makes."""

from pathlib import Path
from typing import TextIO

from infra.local import media_tools
from layers.ffprobe import recipe
from layers.ffprobe.cache import Place


class MediaTools:
    """The programs for this run. Serving never waits for them: until they are there, audio and video fail."""

    def __init__(self, log: Path, terminal: TextIO) -> None:
        self._terminal = terminal
        self._cache = media_tools.default_cache()
        self._log = log
        self._build: media_tools.Build | None = None

    def folder(self) -> str:
        """Return the folder that has the programs, or will have them when the build is done."""
        found = media_tools.find(self._cache)
        if found:
            return str(found.folder)
        try:
            place = Place.of(self._cache, recipe.this_machine())
        except recipe.UnknownMachine as fault:
            self._say(f"No ffprobe, and none can be built here: install ffmpeg for audio and video. {fault}")
            return ""
        self._say(f"No ffprobe yet: building one in the background, some minutes; see {self._log}")
        self._build = media_tools.Build(self._cache, self._log)
        self._build.start()
        return str(place.layer / "bin")

    def stop(self) -> None:
        """End a build that still runs; the next run begins it anew."""
        if self._build:
            self._build.stop()

    def _say(self, line: str) -> None:
        print(line, file=self._terminal, flush=True)
