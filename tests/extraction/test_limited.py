"""Readers in their cage: whatever they do, the parent gets a finding or a fault, in time, and nothing else happens."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.errors import (
    Failed,
    FileFault,
    ReaderCrashed,
    ReaderOutOfMemory,
    ReaderTimedOut,
    ReadingBudgetSpent,
    ShortFetch,
)
from chalicelib.extraction.limited import Zygote
from chalicelib.extraction.models import DocumentMetadata
from chalicelib.extraction.repair import MAX_TEXT
from chalicelib.extraction.source import RangedSource
from tests.extraction.sources import source_of

READER = "tests.extraction.misbehaving"
QUICK = Limits(memory_bytes=256 << 20, cpu_seconds=1, wall_seconds=5)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="seccomp and RLIMIT_AS are Linux's")


def behave(zygote: Zygote, how: str, content: bytes = b"hello", limits: Limits = QUICK) -> str | None:
    finding = zygote.read(READER, source_of(content), how, limits)
    assert isinstance(finding.metadata, DocumentMetadata)
    return finding.metadata.title


def code_of(zygote: Zygote, how: str, content: bytes = b"hello", limits: Limits = QUICK) -> str:
    with pytest.raises(FileFault) as fault:
        behave(zygote, how, content, limits)
    return fault.value.code


def gone(process: int, within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        os.sched_yield()
    return False


def test_a_well_behaved_reader_reads_the_sources_bytes(zygote: Zygote) -> None:
    assert behave(zygote, "well") == "hello"


def test_many_threads_share_one_fork_server(zygote: Zygote) -> None:
    contents = [f"file {i}".encode() for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        titles = list(pool.map(lambda content: behave(zygote, "well", content), contents))
    assert titles == [content.decode() for content in contents]


def test_a_reader_sees_nothing_of_the_parents_environment(zygote: Zygote) -> None:
    assert set((behave(zygote, "environment") or "").split(",")) <= {
        "LC_ALL",
        "LC_CTYPE",
        "__CF_USER_TEXT_ENCODING",
    }


@on_linux
def test_a_reader_that_hoards_memory_is_refused_it(zygote: Zygote) -> None:
    assert code_of(zygote, "allocate") == "reader_out_of_memory"


def test_a_reader_that_spins_is_stopped_by_its_processor_time(zygote: Zygote) -> None:
    endless = Limits(memory_bytes=QUICK.memory_bytes, cpu_seconds=1, wall_seconds=3600)
    assert code_of(zygote, "spin", limits=endless) == "reader_timed_out"


class Noting(RangedSource):
    """A source that notes where it is read."""

    def __init__(self, size: int) -> None:
        super().__init__(lambda first, last: bytes(last - first + 1), size)
        self.asked: list[int] = []

    def read(self, first: int, count: int) -> bytes:
        self.asked.append(first)
        return super().read(first, count)


def test_a_reader_that_does_nothing_is_killed_when_the_wall_clock_says_so(zygote: Zygote) -> None:
    source = Noting(1 << 32)
    with pytest.raises(ReaderTimedOut):
        zygote.read(READER, source, "wait", Limits(wall_seconds=0.5))
    assert gone(source.asked[0])


@pytest.mark.parametrize(
    "how", ["end", "segfault", "recurse", "garbage", "not json", "another model", "invented fault"]
)
def test_a_reader_that_dies_or_talks_nonsense_has_crashed(zygote: Zygote, how: str) -> None:
    assert code_of(zygote, how) == "reader_crashed"


@pytest.mark.parametrize("how", ["huge answer", "huge range"])
def test_a_message_that_announces_too_much_is_not_even_read(zygote: Zygote, how: str) -> None:
    with pytest.raises(ReaderCrashed, match="crash") as crash:
        behave(zygote, how)
    assert re.search(r"of \d+ bytes", crash.value.detail)


def test_a_reader_that_asks_without_end_uses_up_what_it_may_ask(zygote: Zygote) -> None:
    code = code_of(zygote, "endless ranges", bytes(1 << 20), Limits(cpu_seconds=10, wall_seconds=15))
    assert code == "reading_budget_spent"


def test_reading_more_than_the_source_allows_is_the_files_fault(zygote: Zygote) -> None:
    source = source_of(b"hello", max_bytes=2)
    with pytest.raises(Failed, match="more reading than is allowed"):
        zygote.read(READER, source, "well", QUICK)


def test_what_a_reader_says_is_cleaned_and_cut_whatever_it_says(zygote: Zygote) -> None:
    title = behave(zygote, "lying text")
    assert title is not None
    assert title.startswith("gpj.exe[31mxxx")
    assert len(title) == MAX_TEXT


@on_linux
@pytest.mark.parametrize("how", ["open", "open parent", "write", "fork", "run", "connect", "kill"])
def test_a_reader_may_not(zygote: Zygote, how: str) -> None:
    assert behave(zygote, how) == "refused: PermissionError"


def test_errors_of_the_store_pass_through_as_themselves(zygote: Zygote) -> None:
    class Throttled(Exception):
        pass

    throttled = Throttled("slow down")

    def fetch(_first: int, _last: int) -> bytes:
        raise throttled

    with pytest.raises(Throttled) as caught:
        zygote.read(READER, RangedSource(fetch, 10), "well", QUICK)
    assert caught.value is throttled


def test_an_object_that_is_shorter_than_said_is_the_worlds_error(zygote: Zygote) -> None:
    with pytest.raises(ShortFetch):
        zygote.read(READER, RangedSource(lambda _f, _l: b"x", 10), "well", QUICK)


def test_a_fork_server_that_died_is_replaced_at_the_next_reading(zygote: Zygote) -> None:
    assert behave(zygote, "well", b"before") == "before"
    server = zygote._server
    assert server is not None
    server.kill()
    server.wait()
    assert behave(zygote, "well", b"after") == "after"
    assert zygote._server is not server


def test_closing_ends_the_fork_server_and_another_reading_starts_one(zygote: Zygote) -> None:
    behave(zygote, "well")
    server = zygote._server
    zygote.close()
    assert server is not None
    assert server.poll() == 0
    assert behave(zygote, "well") == "hello"


PARENT = """
import sys
from chalicelib.extraction.confinement import Limits
from chalicelib.extraction.limited import Zygote
from chalicelib.extraction.source import RangedSource

class Telling(RangedSource):
    def read(self, first, count):
        print(first, flush=True)
        return super().read(first, count)

zygote = Zygote(("tests.extraction.misbehaving",))
source = Telling(lambda first, last: bytes(last - first + 1), 1 << 32)
zygote.read("tests.extraction.misbehaving", source, "wait", Limits(wall_seconds=60))
"""


def test_no_reader_outlives_a_parent_that_is_killed() -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=root, text=True
    ) as parent:
        assert parent.stdout is not None
        reader = int(parent.stdout.readline())
        os.kill(reader, 0)
        parent.send_signal(signal.SIGKILL)
    assert gone(reader)


def test_one_fork_server_serves_reading_after_reading(zygote: Zygote) -> None:
    behave(zygote, "well")
    server = zygote._server
    assert server is not None
    for _ in range(10):
        behave(zygote, "well")
    assert zygote._server is server
    assert server.poll() is None


@pytest.mark.parametrize(
    "fault", [ReaderCrashed(), ReaderOutOfMemory(), ReaderTimedOut(), ReadingBudgetSpent()]
)
def test_every_fault_carries_a_stable_code_and_a_sentence(fault: FileFault) -> None:
    assert isinstance(fault, Failed)
    assert re.fullmatch(r"[a-z_]+", fault.code)
    assert fault.message.endswith(".")


def test_a_store_that_times_out_is_not_taken_for_a_reader_that_does(zygote: Zygote) -> None:
    def fetch(_first: int, _last: int) -> bytes:
        raise TimeoutError("the store is slow")

    with pytest.raises(TimeoutError, match="the store is slow"):
        zygote.read(READER, RangedSource(fetch, 10), "well", QUICK)


def test_the_time_that_the_store_takes_is_not_the_readers(zygote: Zygote) -> None:
    released = threading.Event()

    def fetch(first: int, last: int) -> bytes:
        released.wait(1)
        return bytes(last - first + 1)

    finding = zygote.read(READER, RangedSource(fetch, 10), "well", Limits(wall_seconds=0.5))
    assert finding.metadata.about == "document"
