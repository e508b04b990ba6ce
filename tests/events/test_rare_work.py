"""What functions do only now and then, under their roles; the rest the tests of HTTP and of the journey show."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from chalicelib.accounts.models import Account
from chalicelib.blobs.arrivals import Arrival, message
from chalicelib.blobs.models import renditions_prefix
from chalicelib.catalogue.models import Criteria, Order
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.events import extraction
from chalicelib.events.sweep import put_in_order
from chalicelib.exports.models import Export, ExportState, Piece, Wanted
from chalicelib.exports.tables import Table, wanted
from chalicelib.files.models import Permission
from chalicelib.files.rules import KEPT_IN_TRASH
from chalicelib.sharing.models import Terms
from chalicelib.uploads.models import Begun, UploadState, WantedPart
from chalicelib.uploads.sizes import MULTIPART_FROM
from chalicelib.wiring import Library
from tests.conftest import MEDIA, FakeClock, Messages, a_request
from tests.libraries import send, stored, uploaded
from tests.roles import Roles

LONG = timedelta(days=40)


@pytest.mark.usefixtures("nothing_due")
def test_the_sweep_ends_uploads_heals_lost_events_and_removes_freed_bytes(
    library: Library, caller: Caller, clock: FakeClock, roles: Roles, messages: Messages
) -> None:
    photo = uploaded(library, caller, "photo.jpg", (MEDIA / "photo.jpg").read_bytes())
    library.files.erase(caller, photo.id, None)
    never = library.uploads.begin(caller, a_request("never.txt", b"never sent"))
    parts = library.uploads.begin(caller, replace(a_request("parts.pdf", b"-"), size=MULTIPART_FROM))
    silent = library.uploads.begin(caller, a_request("silent.txt", b"its event is lost"))
    assert isinstance(never, Begun)
    assert isinstance(parts, Begun)
    assert isinstance(silent, Begun)
    send(silent, b"its event is lost")
    library.parts.sign(caller, parts.upload.id, [WantedPart(1, "0" * 64)])
    messages.take()
    clock.advance(LONG)

    done = put_in_order(roles.library("Sweep", clock))

    assert (done["uploads"], done["blobs"]) == (3, 1)
    states = [library.uploads.get(caller, one.upload.id).state for one in (never, parts, silent)]
    assert states == [UploadState.EXPIRED, UploadState.EXPIRED, UploadState.OPEN]
    assert stored(library, photo) is None
    assert list(library.bucket.keys(renditions_prefix(photo.owner_id, photo.sha256))) == []
    assert len(messages.take()) == 1


@pytest.mark.usefixtures("nothing_due")
def test_the_sweep_empties_the_trash_and_leaves_nothing_of_what_is_in_it(
    library: Library, clock: FakeClock, roles: Roles
) -> None:
    ana, friend = caller_of(opened(library)), opened(library)
    photo = uploaded(library, ana, "photo.jpg", (MEDIA / "photo.jpg").read_bytes(), tags=("sea",))
    library.grants.give(ana, photo.id, friend.email, Permission.VIEW)
    library.links.create(ana, photo.id, Terms())
    library.files.throw_away(ana, photo.id, None)
    clock.advance(KEPT_IN_TRASH)
    assert put_in_order(roles.library("Sweep", clock))["trash"] == 1
    clock.advance(LONG)
    done = put_in_order(roles.library("Sweep", clock))
    assert (done["shared"], done["blobs"]) == (1, 1)
    assert stored(library, photo) is None


def test_the_sweep_sends_for_erasures_that_stand_still(
    library: Library, clock: FakeClock, roles: Roles
) -> None:
    account = opened(library)
    library.deletion.of_oneself(caller_of(account), "correct horse battery")
    clock.advance(LONG)
    assert put_in_order(roles.library("Sweep", clock))["deletions"] > 0


def opened(library: Library) -> Account:
    email = f"ana-{new_id()}@example.org"
    return library.accounts.open(email, "correct horse battery", None, Origin(), role=Role.OPERATOR)


def caller_of(account: Account) -> Caller:
    return Caller(account.id, account.role, new_id(), Origin())


def test_a_film_is_drawn_anew_and_what_was_drawn_before_goes(
    library: Library, caller: Caller, clock: FakeClock, roles: Roles
) -> None:
    film = uploaded(library, caller, "film.mp4", (MEDIA / "faststart.mp4").read_bytes())
    left = f"{renditions_prefix(film.owner_id, film.sha256)}left-over"
    library.bucket.put(left, b"x", content_type="image/jpeg")
    again = Arrival(film.owner_id, film.sha256, film.size, again=True)
    roles.library("Media", clock).intake.arrived(again)
    assert library.bucket.size(left) is None
    assert library.files.get(caller, film.id).renditions


def test_the_slow_lane_may_send_what_waits_for_media_tools_anew(messages: Messages, roles: Roles) -> None:
    arrival = Arrival("owner", "0" * 64, 12)
    with roles.acting_as("Media"):
        extraction.defer(arrival, seconds=0)
    assert [record["body"] for record in messages.take()] == [message(arrival)]


def two_pieces(export: Export) -> Iterator[Piece]:
    """Yield a piece a step."""
    first = export.position is None
    yield Piece(b"one\n" if first else b"two\n", 1, "1" if first else None)


def test_the_jobs_function_goes_on_with_an_export_and_stops_one(
    library: Library, caller: Caller, clock: FakeClock, roles: Roles
) -> None:
    exports = roles.library("Jobs", clock).exports
    exports = replace(exports, writing=replace(exports.writing, makers={"two": two_pieces}, pieces=1))
    whole, stopped = (
        library.exports.begin(caller, Wanted("two", "", "two.txt", "text/plain", 2)) for _ in range(2)
    )
    for export in (whole, stopped):
        running = exports.advance(caller.user_id, export.id)
        assert running is not None
        assert (running.state, running.files) == (ExportState.RUNNING, 1)
    done = exports.advance(caller.user_id, whole.id)
    assert done is not None
    assert library.bucket.read_range(done.key, 0, done.size - 1) == b"one\ntwo\n"

    library.exports.remove(caller, stopped.id)
    exports.advance(caller.user_id, stopped.id)
    assert library.exports.writing.storage.list_open(stopped.folder, {}, limit=10).uploads == []


def test_the_jobs_function_may_search_as_the_api_does(
    library: Library, caller: Caller, clock: FakeClock, roles: Roles
) -> None:
    for name in ("small town.txt", "large town.txt"):
        file = uploaded(library, caller, name, name.encode())
        library.files.change(caller, file.id, {"tags": ("sea", name.split()[0])}, None)
    jobs = roles.library("Jobs", clock).exports
    for criteria in (Criteria(tags=("sea", "small")), Criteria(words="small town")):
        export = library.exports.begin(caller, wanted(Table(criteria, ("filename",), Order.NAME), None))
        done = jobs.advance(caller.user_id, export.id)
        assert done is not None
        content = library.bucket.read_range(done.key, 0, done.size - 1)
        assert content.splitlines() == [b"filename", b"small town.txt"]


@pytest.mark.parametrize("lane", ["extraction", "media", "jobs"])
def test_an_admin_sends_dead_letters_of_every_lane_again(
    caller: Caller, clock: FakeClock, roles: Roles, lane: str
) -> None:
    admin, body = roles.library("Api", clock), f"a letter {new_id()}"
    queue, dead = (roles.outputs[f"{lane.title()}{name}Url"] for name in ("Queue", "DeadLetters"))
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=dead, MessageBody=body)
    assert admin.dead_letters.send_again(caller, lane, 10) >= 1
    assert body in [record["body"] for record in Messages(queue).take()]
