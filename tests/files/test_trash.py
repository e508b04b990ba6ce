"""What has been in the trash for 30 days is erased, and nothing of it stays but the log's entry."""

from datetime import timedelta

import boto3
import pytest

from chalicelib.accounts.models import Account
from chalicelib.audit.models import Wanted
from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.core.caller import Caller, Role
from chalicelib.core.ids import new_id
from chalicelib.files.later import SHARED_AT_THE_SAME_TIME
from chalicelib.files.models import File, FileNotFound, Permission
from chalicelib.files.rules import KEPT_IN_TRASH
from chalicelib.sharing.models import Terms
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, new_caller
from tests.deaths import Death, Died, DyingClients
from tests.faults.test_races import DEATHS
from tests.libraries import stored, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")


def trashed(library: Library, caller: Caller, content: bytes = b"old words") -> File:
    file = uploaded(library, caller, "old.txt", content)
    library.files.throw_away(caller, file.id, None)
    return file


def opened(library: Library, name: str) -> Account:
    email = f"{name}-{new_id()}@example.org"
    return library.accounts.open(email, "correct horse", None, new_caller().origin, role=Role.OPERATOR)


def in_trash(library: Library, caller: Caller) -> list[str]:
    return [file.id for file in library.files.trash(caller, limit=100, cursor=None).items]


def rows_naming(library: Library, *names: str) -> list[str]:
    """Return every row of any table but the log in which one of these stands."""
    settings = library.settings
    found = []
    for table in (settings.users_table, settings.files_table, settings.tags_table, settings.metadata_table):
        for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            found += [
                f"{row['pk']} {row['sk']}" for row in page["Items"] if any(name in str(row) for name in names)
            ]
    return sorted(found)


def test_the_trash_is_emptied_after_thirty_days_and_not_before(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    first = trashed(library, caller, b"first")
    clock.advance(timedelta(days=1))
    second = trashed(library, caller, b"second")
    clock.advance(KEPT_IN_TRASH - timedelta(days=1, seconds=1))
    assert library.trash.empty() == 0
    clock.advance(timedelta(seconds=1))
    assert library.trash.empty() == 1
    assert in_trash(library, caller) == [second.id]
    assert library.trash.empty() == 0
    clock.advance(timedelta(days=1))
    assert library.trash.empty() == 1
    assert in_trash(library, caller) == []
    wanted = Wanted("file.erased")
    entries = library.audit.of_library(caller.user_id, wanted, limit=10, cursor=None).items
    assert [(entry.target, entry.actor) for entry in entries] == [(second.id, "sweep"), (first.id, "sweep")]


def test_what_was_brought_back_stays_and_counts_from_its_next_day_in_the_trash(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = trashed(library, caller)
    clock.advance(timedelta(days=20))
    library.files.restore(caller, file.id)
    clock.advance(timedelta(days=20))
    assert library.trash.empty() == 0
    library.files.throw_away(caller, file.id, None)
    clock.advance(timedelta(days=29))
    assert library.trash.empty() == 0
    assert in_trash(library, caller) == [file.id]
    clock.advance(timedelta(days=1))
    assert library.trash.empty() == 1


def test_emptying_costs_four_calls_a_file(library: Library, caller: Caller, clock: FakeClock) -> None:
    for content in (b"1", b"22", b"333"):
        trashed(library, caller, content)
    clock.advance(KEPT_IN_TRASH)
    with metered() as receipt:
        assert library.trash.empty() == 3
    assert len(receipt.calls) <= 4 + 3 * 4


def test_nothing_is_left_of_an_erased_file_but_the_logs_entry(library: Library, clock: FakeClock) -> None:
    account, friend = opened(library, "ana"), opened(library, "ben")
    ana = Caller(account.id, account.role, new_id())
    file = uploaded(library, ana, "secret.txt", new_id().encode())
    library.grants.give(ana, file.id, friend.email, Permission.VIEW)
    for _ in range(2):
        library.links.create(ana, file.id, Terms())
    library.files.throw_away(ana, file.id, None)
    clock.advance(KEPT_IN_TRASH)
    assert library.trash.empty() == 1
    clock.advance(SHARED_AT_THE_SAME_TIME)
    assert library.leftovers.clear() == 1
    assert library.leftovers.clear() == 0
    clock.advance(library.blobs.grace)
    assert library.blobs.collect() == 1
    assert stored(library, file) is None
    left = rows_naming(library, file.id, file.sha256)
    assert [row for row in left if "upload#" not in row] == []  # that has an end of its own
    assert library.blobs.quotas.standing(ana.user_id).used == 0
    assert library.files.catalogue.statistics(ana.user_id).trashed_files == 0
    entries = library.audit.of_target(file.id, Wanted(), limit=50, cursor=None).items
    assert entries[0].action == "file.erased"


@pytest.mark.parametrize(("at", "after"), [one for one in DEATHS if one[0] <= 5])
def test_the_sweep_may_die_at_any_step(
    library: Library, clients: Clients, caller: Caller, clock: FakeClock, *, at: int, after: bool
) -> None:
    files = [trashed(library, caller, content) for content in (b"one", b"two")]
    clock.advance(KEPT_IN_TRASH)
    dying = build(library.settings, DyingClients(clients, Death(at, after)), clock)
    for _ in range(2):
        try:
            dying.trash.empty()
            clock.advance(SHARED_AT_THE_SAME_TIME)
            dying.leftovers.clear()
            clock.advance(dying.blobs.grace)
            dying.blobs.collect()
        except Died:
            dying = library
    assert in_trash(library, caller) == []
    clock.advance(library.blobs.grace)
    library.blobs.collect()
    assert [stored(library, file) for file in files] == [None, None]
    for file in files:
        with pytest.raises(FileNotFound):
            library.files.get(caller, file.id)
    wanted = Wanted("file.erased")
    entries = library.audit.of_library(caller.user_id, wanted, limit=10, cursor=None).items
    assert len(entries) == 2
    assert library.blobs.quotas.standing(caller.user_id).used == 0
    assert list(library.files.later.trashed.due(clock() + timedelta(days=99))) == []
