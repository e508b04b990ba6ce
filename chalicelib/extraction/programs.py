"""Run an outside program on hostile input: limits set by the shell, nothing inherited, killed when time is up.

No `preexec_fn`: the caller has threads (the proxy's), and code between fork and exec could wait for a lock of theirs.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.extraction.confinement import Limits

# macOS has no limit on address space: there the wall clock and the processor limit have to do
_LIMITED = (
    "ulimit -c 0 && ulimit -f 0 && ulimit -n 64 && ulimit -s 2048 && ulimit -t {cpu} && "
    '{{ ulimit -v {kib} 2>/dev/null || test "$(uname)" = Darwin; }} && exec "$0" "$@"'
)
_ENVIRONMENT = {"LC_ALL": "C", "MALLOC_ARENA_MAX": "2", "GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}
_CHUNK = 64 << 10
_LOG_BYTES = 2000


@dataclass(frozen=True)
class Ended:
    """How a program ended: `status` as in subprocess, its output, the end of its log, and whether we ended it."""

    status: int
    output: bytes
    log: str
    timed_out: bool = False
    overflowed: bool = False


def run(command: Sequence[str], limits: Limits, *, max_output: int) -> Ended:
    """Run the command to its end, to `limits.wall_seconds` or to `max_output` bytes, whichever comes first."""
    script = _LIMITED.format(cpu=limits.cpu_seconds, kib=limits.memory_bytes >> 10)
    with subprocess.Popen(  # noqa: S603 - the caller's program, its arguments are ours
        ["/bin/sh", "-c", script, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            return _collected(process, time.monotonic() + limits.wall_seconds, max_output)
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)


def _collected(process: subprocess.Popen[bytes], deadline: float, max_output: int) -> Ended:
    output, log = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for stream, buffer in ((process.stdout, output), (process.stderr, log)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, buffer)
        while selector.get_map() and len(output) <= max_output and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                chunk = os.read(key.fd, _CHUNK)
                key.data.extend(chunk)
                if not chunk:
                    selector.unregister(key.fileobj)
            del log[:-_LOG_BYTES]
    timed_out, overflowed = time.monotonic() >= deadline, len(output) > max_output
    if timed_out or overflowed:
        os.killpg(process.pid, signal.SIGKILL)
    status = process.wait()
    return Ended(
        status, b"" if overflowed else bytes(output), log.decode("utf-8", "replace"), timed_out, overflowed
    )
