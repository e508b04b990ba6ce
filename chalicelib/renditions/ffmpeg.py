"""ffmpeg on hostile input: the same walls as ffprobe has (`extraction.media`), and what every command here shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.extraction import programs, proxy
from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import StoreTooSlow
from chalicelib.extraction.media import DEMUXERS
from chalicelib.extraction.source import RangedSource

_SLOW_SECONDS = 6.0  # ffmpeg gives a read 8 seconds
_READING = "-probesize 2000000 -analyzeduration 3000000 -fpsprobesize 4 -max_streams 64"
_NETWORK = "-protocol_whitelist http,tcp -rw_timeout 8000000 -recv_buffer_size 65536"


@dataclass(frozen=True)
class Film:
    """Audio or video as ffmpeg is given it: its bytes, what they were found to be, and the program."""

    source: RangedSource
    sniffed: str
    program: Path


@dataclass(frozen=True)
class Command:
    """What to do: options for the input (`-ss`), options for the output (`-vf`), and what doing it may cost."""

    before: Sequence[str]
    after: Sequence[str]
    limits: Limits
    max_output: int


def run(film: Film, command: Command) -> programs.Ended:
    """Run ffmpeg and return how it ended, whatever that is: its output alone tells whether it worked.

    Raises what the source's fetch raises, and StoreTooSlow when that may have been why nothing came.
    """
    with proxy.served(film.source) as served:
        walls = ("-v", "error", "-nostdin", "-threads", "1", *_NETWORK.split(), *_READING.split())
        source = ("-format_whitelist", DEMUXERS[film.sniffed], *command.before, "-i", served.url)
        arguments = (str(film.program), *walls, *source, *command.after)
        ended = programs.run(arguments, command.limits, max_output=command.max_output)
    if served.trouble:
        raise served.trouble[0]
    if not ended.output and served.slowest > _SLOW_SECONDS:
        raise StoreTooSlow(f"a range took {served.slowest:.1f} seconds")
    return ended
