"""A worker may die between any two of its AWS calls, in every lane: one result and one set of renditions remain.

What is read and made is found out once by the real readers and ffmpeg, and played again with the same reads for every
death: it is the calls that are walked through here.
"""

import os
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.blobs.arrivals import Arrival, parse
from chalicelib.blobs.rules import LEASE
from chalicelib.core.caller import Caller
from chalicelib.extraction.attempts import Outcome, Work
from chalicelib.extraction.examine import examine
from chalicelib.extraction.models import Facts
from chalicelib.extraction.source import RangedSource
from chalicelib.extraction.tools import find_media_tools
from chalicelib.files.models import File, Status
from chalicelib.intake.service import Intake
from chalicelib.renditions.studio import Album, Studio
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from tests.conftest import MEDIA, FakeClock, Messages, new_caller
from tests.deaths import MortalClients, WorkerDied
from tests.extraction.sources import source_of
from tests.renditions.test_workshop import (
    attempts,
    blob_of,
    in_the_bucket,
    ready_entries,
    waiting,
)

MADE = {
    "faststart.mp4": {"poster", "thumbnail"},
    "cover.mp3": {"waveform", "peaks", "thumbnail", "preview"},
    "report.pdf": {"thumbnail", "preview"},
    "report.docx": set[str](),
}
SLOW = {"faststart.mp4", "cover.mp3"}


@cache
def facts_of(name: str) -> Facts:
    return examine(source_of((MEDIA / name).read_bytes()), find_media_tools(os.environ))


@cache
def album_of(name: str) -> Album:
    studio = Studio(lambda: find_media_tools(os.environ))
    return studio.album(source_of((MEDIA / name).read_bytes()), facts_of(name))


def reading_all(source: RangedSource) -> None:
    source.allow(source.size + (1 << 20), 100)
    for first in range(0, source.size, 1 << 20):
        source.read(first, 1 << 20)


def playing(library: Library, name: str) -> Intake:
    """Return the intake of a worker that reads as ever, and finds and makes what was found and made before."""

    class Played(Studio):
        def album(self, source: RangedSource, facts: Facts) -> Album:
            reading_all(source)
            assert facts.metadata == facts_of(name).metadata
            return album_of(name)

    class Known(type(library.intake.extraction)):  # type: ignore[misc] # reads, and knows the answer
        def examine(self, blob: Any, size: int) -> Facts:
            reading_all(RangedSource(lambda a, b: self.bucket.read_range(blob.key, a, b), size))
            return facts_of(name)

    intake = library.intake
    workshop = replace(intake.workshop, studio=Played(**vars(intake.workshop.studio)))
    return replace(intake, workshop=workshop, extraction=Known(**vars(intake.extraction)))


class Walk:
    """One content, and workers that die on it."""

    def __init__(self, name: str, settings: Settings, library: Library, clock: FakeClock) -> None:
        self.name, self.settings, self.library, self.clock = name, settings, library, clock

    def calls(self) -> int:
        """Return how many calls a worker makes that does not die."""
        caller = new_caller()
        file = self._waiting(caller)
        with metered() as receipt:
            playing(self.library, self.name).arrived(_event(file))
        self.check(caller, file)
        return len(receipt.calls)

    def dying(self, at: int, *, after: bool) -> None:
        """Let a worker die at a call, and another one do the same work again when the lease has run out."""
        caller = new_caller()
        file = self._waiting(caller)
        mortal = build(self.settings, MortalClients(at, after=after), self.clock)
        with pytest.raises(WorkerDied):
            playing(mortal, self.name).arrived(_event(file))
        self.clock.advance(LEASE + timedelta(seconds=1))
        playing(self.library, self.name).arrived(_event(file))
        self.check(caller, file)

    def check(self, caller: Caller, file: File) -> None:
        """Check that there is one result and one whole set of renditions, and nothing else in the bucket."""
        [now] = self.library.files.get_many([file.id])
        blob = blob_of(self.library, file)
        assert now.status is Status.READY
        assert set(now.renditions) == MADE[self.name]
        assert (blob.illustrations.renditions if blob.illustrations else {}) == now.renditions
        assert (blob.lease_until, blob.attempts) == (None, 0)
        assert in_the_bucket(self.library, file) == {each.key for each in now.renditions.values()}
        assert list(self.library.bucket.keys(f"originals/{file.owner_id}/")) == [blob.key]
        for name, each in now.renditions.items():
            stored = self.library.bucket.read_range(each.key, 0, each.size - 1)
            assert stored == album_of(self.name).renditions[name].content
        history = attempts(self.library, file)
        done = [work for work, _, outcome in history if outcome is Outcome.DONE]
        assert done == [Work.EXTRACTION, *([Work.RENDITIONS] if now.renditions else [])]
        assert {outcome for *_, outcome in history} <= {Outcome.DONE, Outcome.INTERRUPTED}
        assert ready_entries(self.library, caller) == 1

    def _waiting(self, caller: Caller) -> File:
        return waiting(self.library, caller, self.name, (MEDIA / self.name).read_bytes())


def _event(file: File) -> Arrival:
    return Arrival(file.owner_id, file.sha256, file.size)


@pytest.fixture(params=MADE)
def walk(request: pytest.FixtureRequest, settings: Settings, library: Library, clock: FakeClock) -> Walk:
    return Walk(request.param, settings, library, clock)


def test_a_worker_of_any_lane_may_die_at_any_call(walk: Walk) -> None:
    """What a death before a call leaves is what one after the call before it leaves: each of them is gone through."""
    calls = walk.calls()
    assert calls >= 5 + len(MADE[walk.name])
    walk.dying(1, after=False)
    for at in range(1, calls + 1):
        walk.dying(at, after=True)


@pytest.mark.parametrize("name", sorted(SLOW))
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_a_worker_that_dies_on_the_way_to_the_slow_lane_loses_nothing(
    name: str,
    after: bool,  # noqa: FBT001 - a parameter
    settings: Settings,
    library: Library,
    clients: Clients,
    clock: FakeClock,
    slow_messages: Messages,
) -> None:
    walk = Walk(name, settings, library, clock)
    for at in (1, 2, 3):  # the blob, its files, the message
        caller = new_caller()
        file = waiting(library, caller, name, (MEDIA / name).read_bytes())
        slow_messages.take()
        mortal = build(settings, MortalClients(at, after=after), clock)
        with pytest.raises(WorkerDied):
            mortal.intake.arrived(_event(file), forward=True)
        build(settings, clients, clock).intake.arrived(_event(file), forward=True)
        sent = [arrival for message in slow_messages.take() for arrival in parse(message["body"])]
        assert len(sent) == 1 + (at == 3 and after)
        for arrival in sent:
            playing(library, name).arrived(arrival)
        walk.check(caller, file)
