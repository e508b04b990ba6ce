"""Where ffprobe and ffmpeg are: the layer in Lambda, a cached layer build or the system's packages elsewhere."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.extraction.errors import MediaToolsMissing

LAYER_BIN = "/opt/bin"


@dataclass(frozen=True)
class MediaTools:
    """Programs that take FFmpeg's command lines, 5.1 or newer. `ffmpeg` is None where only ffprobe was found."""

    ffprobe: Path
    ffmpeg: Path | None


def find_media_tools(environ: Mapping[str, str]) -> MediaTools:
    """Look into MEDIA_TOOLS_DIR, the Lambda layer's /opt/bin, then PATH, and take both programs from one place.

    Raises MediaToolsMissing when none of them has an ffprobe.
    """
    folders = (environ.get("MEDIA_TOOLS_DIR", ""), LAYER_BIN, environ.get("PATH", ""))
    for search in filter(None, folders):
        if ffprobe := shutil.which("ffprobe", path=search):
            ffmpeg = shutil.which("ffmpeg", path=search)
            return MediaTools(Path(ffprobe), Path(ffmpeg) if ffmpeg else None)
    raise MediaToolsMissing("no ffprobe in MEDIA_TOOLS_DIR, /opt/bin or PATH")
