from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Tables
from chalicelib.blobs.models import Rendition
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Unavailable
from chalicelib.core.job import Job as Message
from chalicelib.extraction.attempts import Work
from chalicelib.files.exposure import Exposure, Step, exposure, is_exposed
from chalicelib.files.models import File, Visibility
from chalicelib.publishing.service import Publishing
from chalicelib.wiring import Library
from tests.conftest import FakeClock
from tests.libraries import uploaded


@dataclass
class Distribution:
    """An edge that keeps what it was told, and may be busy or away."""

    told: dict[str, Sequence[str]] = field(default_factory=dict)
    busy: bool = False

    def invalidate(self, paths: Sequence[str], reference: str) -> bool:
        if not self.busy:
            self.told.setdefault(reference, paths)
        return not self.busy


@dataclass
class Outbox:
    """A queue that keeps what was sent."""

    sent: list[Message] = field(default_factory=list)

    def send(self, body: str) -> None:
        self.sent.append(Message.from_text(body))

    def of(self, owner: str) -> list[dict[str, str]]:
        """Take out what concerns an owner: other tests' files wait in the same agenda."""
        own = [one.about for one in self.sent if owner in next(iter(one.about))]
        self.sent.clear()
        return own


@pytest.fixture
def edge() -> Distribution:
    return Distribution()


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def publishing(library: Library, edge: Distribution, outbox: Outbox) -> Publishing:
    return replace(library.publishing, edge=edge, queue=outbox)  # type: ignore[arg-type] # what it asks of a queue


def show(library: Library, caller: Caller, file: File, visibility: Visibility) -> File:
    return library.files.change(caller, file.id, {"visibility": visibility}, None)


def waiting(publishing: Publishing, outbox: Outbox, owner: str) -> list[dict[str, str]]:
    publishing.remind()
    return outbox.of(owner)


def works(library: Library, file: File) -> list[tuple[Work, str | None]]:
    found = [(job.work, job.code) for job in library.history.attempts(file)]
    return [one for one in found if one[0] in {Work.PUBLISH, Work.INVALIDATION}]


def test_a_file_made_public_and_private_again_has_it_in_its_history_and_the_edge_forgets_it(
    library: Library,
    caller: Caller,
    publishing: Publishing,
    edge: Distribution,
    outbox: Outbox,
    clock: FakeClock,
) -> None:
    file = show(library, caller, uploaded(library, caller, "a.txt", b"words"), Visibility.PUBLIC)
    [about] = waiting(publishing, outbox, caller.user_id)
    assert publishing.settle(about)
    assert (works(library, file), edge.told) == ([(Work.PUBLISH, None)], {})
    clock.advance(timedelta(seconds=1))
    show(library, caller, file, Visibility.PRIVATE)
    [about] = waiting(publishing, outbox, caller.user_id)
    assert publishing.settle(about)
    assert works(library, file) == [(Work.INVALIDATION, None), (Work.PUBLISH, None)]
    [paths] = edge.told.values()
    at = f"{caller.user_id}/{file.sha256}"
    assert paths == [f"/originals/{at}*", f"/renditions/{at}/*"]
    assert waiting(publishing, outbox, caller.user_id) == []


def test_a_step_taken_twice_is_one_invalidation_and_one_entry(
    library: Library, caller: Caller, publishing: Publishing, edge: Distribution, outbox: Outbox
) -> None:
    file = uploaded(library, caller, "a.txt", b"words")
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
        show(library, caller, file, visibility)
    [about] = waiting(publishing, outbox, caller.user_id)
    for _ in range(2):
        assert publishing.settle(about)
    assert len(edge.told) == 1
    assert sorted(works(library, file)) == [(Work.INVALIDATION, None), (Work.PUBLISH, None)]


def test_a_busy_edge_is_asked_again_and_what_waits_is_not_lost(
    library: Library, caller: Caller, publishing: Publishing, edge: Distribution, outbox: Outbox
) -> None:
    file = show(library, caller, uploaded(library, caller, "a.txt", b"words"), Visibility.PUBLIC)
    library.files.throw_away(caller, file.id, None)
    edge.busy = True
    [about] = waiting(publishing, outbox, caller.user_id)
    assert not publishing.settle(about)
    assert works(library, file) == []
    edge.busy = False
    [about] = waiting(publishing, outbox, caller.user_id)
    assert publishing.settle(about)
    assert len(edge.told) == 1


def test_an_erased_file_is_forgotten_too_and_leaves_no_history(
    library: Library, caller: Caller, publishing: Publishing, edge: Distribution, outbox: Outbox
) -> None:
    file = show(library, caller, uploaded(library, caller, "a.txt", b"words"), Visibility.PUBLIC)
    library.files.erase(caller, file.id, None)
    for about in waiting(publishing, outbox, caller.user_id):
        publishing.settle(about)
    assert len(edge.told) == 1
    assert works(library, file) == []


def test_many_files_of_one_owner_are_few_wildcards(
    library: Library, caller: Caller, publishing: Publishing, edge: Distribution, outbox: Outbox
) -> None:
    for n in range(3):
        file = uploaded(library, caller, f"{n}.txt", str(n).encode())
        for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
            show(library, caller, file, visibility)
    [about] = waiting(publishing, outbox, caller.user_id)
    assert len(about) == 6
    publishing.settle(about)
    assert list(edge.told.values()) == [[f"/originals/{caller.user_id}/*", f"/renditions/{caller.user_id}/*"]]


def test_without_a_distribution_the_history_says_so(
    library: Library, caller: Caller, publishing: Publishing, outbox: Outbox
) -> None:
    file = show(library, caller, uploaded(library, caller, "a.txt", b"words"), Visibility.PUBLIC)
    plain = replace(publishing, edge=None)
    [about] = waiting(plain, outbox, caller.user_id)
    plain.settle(about)
    assert works(library, file) == [(Work.PUBLISH, "no_cdn")]


class LostAnswers(Tables):
    """Tables whose transactions take effect while their answer is lost."""

    def commit(self, writes: Sequence[object]) -> None:
        super().commit(writes)  # type: ignore[arg-type] # as it comes
        raise Unavailable("The answer was lost.")


def test_a_lost_answer_leaves_nothing_behind_and_nothing_twice(
    library: Library,
    caller: Caller,
    publishing: Publishing,
    edge: Distribution,
    outbox: Outbox,
    clients: Clients,
) -> None:
    file = uploaded(library, caller, "a.txt", b"words")
    for visibility in (Visibility.PUBLIC, Visibility.PRIVATE):
        show(library, caller, file, visibility)
    [about] = waiting(publishing, outbox, caller.user_id)
    lossy = replace(publishing, files=replace(publishing.files, tables=LostAnswers(lambda: clients.dynamodb)))
    with pytest.raises(Unavailable):
        lossy.settle(about)
    assert publishing.settle(about)
    assert len(edge.told) == 1
    assert len(works(library, file)) == 2


def test_a_change_that_everyone_could_see_before_and_after_asks_for_nothing_but_a_replaced_picture_does(
    library: Library, caller: Caller
) -> None:
    file = show(library, caller, uploaded(library, caller, "a.txt", b"words"), Visibility.PUBLIC)
    assert is_exposed(file)
    assert exposure(file, replace(file, caption="other", version=9)) is None
    drawn = replace(file, renditions={"thumbnail": Rendition("renditions/1", "image/webp", 1)})
    other = replace(file, renditions={"thumbnail": Rendition("renditions/2", "image/webp", 1)}, version=9)
    assert exposure(file, drawn) is None
    step = exposure(drawn, other)
    assert step is not None
    assert (step.step, Exposure.of(step.reference)) == (Step.WITHDRAW, step)
