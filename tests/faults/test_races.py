"""Upload and delete of the same content, in both orders and at once, with a crash at every step: no byte is lost.

A process dies by an exception that nothing catches, before or after one of its changing calls to AWS took effect.
Then the world goes on as it would: the client tries again, events come, the sweep runs, time passes.
"""

import hashlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import BlobBusy, object_key
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.files.models import FileChanged, FileNotFound, Status
from chalicelib.settings import Settings
from chalicelib.uploads.beginning import ADDRESS_LIFE, PATIENCE
from chalicelib.uploads.models import Begun, Duplicate
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request, new_caller
from tests.deaths import Death, Died, DyingClients
from tests.libraries import put, stored, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

CONTENT = b"content that is wanted and not wanted at once"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
STEPS = 7
"""More than any of the actors changes things."""
ROUNDS = 25


@dataclass
class World:
    """A library with a file on the content; someone erases it while someone uploads the same again."""

    settings: Settings
    clients: Clients
    clock: FakeClock
    library: Library
    caller: Caller
    file_id: str

    def process(self, death: Death | None) -> Library:
        clients = DyingClients(self.clients, death) if death else self.clients
        return build(self.settings, clients, self.clock)

    def erase(self, death: Death | None = None) -> None:
        """Erase the file, and sweep when its grace period is over."""
        library = self.process(death)
        try:
            library.files.erase(self.caller, self.file_id, None)
        except (FileNotFound, FileChanged, Unavailable):
            return
        self.clock.advance(library.blobs.grace)
        library.blobs.collect()

    def upload(self, death: Death | None = None) -> str | None:
        """Upload the content as another file, up to the event; return the file's id once the client may be glad."""
        library = self.process(death)
        try:
            outcome = library.uploads.begin(self.caller, a_request("again.txt", CONTENT, link_duplicate=True))
        except (BlobBusy, Duplicate, Unavailable):
            return None
        if isinstance(outcome, Begun):
            assert put(outcome, CONTENT).status_code in {200, 412}
            self.arrive(library)
        return outcome.file.id

    def arrive(self, library: Library) -> None:
        try:
            library.intake.arrived(Arrival(self.caller.user_id, SHA256, len(CONTENT)))
        except Unavailable:
            return  # the queue brings it again

    def recover(self) -> None:
        """Let the queue deliver again, and the sweep run, as often as it takes."""
        for _ in range(2):
            if self.library.bucket.size(object_key(self.caller.user_id, SHA256)) is not None:
                self.arrive(self.library)
            self.clock.advance(ADDRESS_LIFE + PATIENCE)
            self.library.uploads.expire()
        self.clock.advance(self.library.blobs.grace + timedelta(seconds=1))
        self.library.blobs.collect()

    def check(self, glad: list[str | None]) -> None:
        """Everything that says it has its bytes has them, and the books agree."""
        files = self.library.files.newest_first(self.caller, limit=100, cursor=None).items
        assert all(file.status is Status.READY for file in files), [file.status for file in files]
        assert {file_id for file_id in glad if file_id} <= {file.id for file in files}
        for file in files:
            assert stored(self.library, file) == CONTENT
        blob = self.library.blobs.find(self.caller.user_id, SHA256)
        assert {member.file_id for member in blob.members} if blob else set() == {file.id for file in files}
        used = self.library.blobs.quotas.standing(self.caller.user_id).used
        assert used == (len(CONTENT) if files else 0)
        if not files:
            assert blob is None
            assert self.library.bucket.size(object_key(self.caller.user_id, SHA256)) is None


@pytest.fixture
def world(settings: Settings, clients: Clients, clock: FakeClock) -> World:
    library, caller = build(settings, clients, clock), new_caller()
    file = uploaded(library, caller, "first.txt", CONTENT)
    return World(settings, clients, clock, library, caller, file.id)


def surviving(act: Callable[[Death | None], Any], death: Death | None) -> Any:
    try:
        return act(death)
    except Died:
        return None


DEATHS = [(at, after) for at in range(1, STEPS + 1) for after in (False, True)]


@pytest.mark.parametrize("erase_first", [True, False], ids=["erased, then uploaded", "uploaded, then erased"])
@pytest.mark.parametrize(("at", "after"), DEATHS)
def test_a_process_may_die_at_any_step(world: World, *, erase_first: bool, at: int, after: bool) -> None:
    actors = [world.erase, world.upload] if erase_first else [world.upload, world.erase]
    glad = [
        surviving(actors[0], Death(at, after)),
        actors[1](None),
        surviving(world.upload, Death(at, after)),
    ]
    world.recover()
    glad.append(world.upload())
    world.recover()
    world.check(glad)
    assert glad[-1] is not None


def test_both_at_once_and_either_may_die(world: World) -> None:
    dice = random.Random(20)
    for _ in range(ROUNDS):
        deaths = [
            Death(dice.randint(1, STEPS), dice.random() < 0.5) if dice.random() < 0.5 else None
            for _ in range(2)
        ]
        glad: list[str | None] = []
        actors = [
            threading.Thread(target=surviving, args=(world.erase, deaths[0])),
            threading.Thread(target=uploading, args=(world, deaths[1], glad)),
        ]
        for actor in actors:
            actor.start()
        for actor in actors:
            actor.join()
        world.recover()
        world.check(glad)
        remaining = world.library.files.newest_first(world.caller, limit=100, cursor=None).items
        for file in remaining[1:]:
            world.library.files.erase(world.caller, file.id, None)
        world.file_id = remaining[0].id if remaining else uploaded_again(world)


def uploading(world: World, death: Death | None, glad: list[str | None]) -> None:
    glad.append(surviving(world.upload, death))


def uploaded_again(world: World) -> str:
    return uploaded(world.library, world.caller, "next.txt", CONTENT).id
