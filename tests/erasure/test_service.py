"""An account leaves with everything it owned, whenever its erasure is cut."""

from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest

from chalicelib.accounts.models import Account, AccountDisabled, PasswordWrong, TokenInvalid
from chalicelib.audit.models import Wanted
from chalicelib.aws.clients import Clients
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller, Origin, Role, Scope
from chalicelib.core.ids import new_id
from chalicelib.exports.tables import Table, wanted
from chalicelib.files.models import File, Permission
from chalicelib.organising.models import Action, Edit
from chalicelib.sharing.models import Terms
from chalicelib.wiring import Library, build
from tests.aws_clients import own_session
from tests.conftest import Deliver, FakeClock, Messages
from tests.libraries import stored, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

PASSWORD = "correct horse battery"
ORIGIN = Origin("203.0.113.7", "pytest", "request-1")


@pytest.fixture
def account(library: Library) -> Account:
    return library.accounts.register(f"ana-{new_id()}@example.org", PASSWORD, "Ana", ORIGIN)


@pytest.fixture
def owner(library: Library, account: Account) -> Caller:
    pair = library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    return library.sessions.access_tokens.read(pair.access_token, ORIGIN)


def filled(library: Library, owner: Caller) -> list[File]:
    """Give the owner some files, one of them in the trash, and an API key, a link, and a grant either way."""
    files = [uploaded(library, owner, f"{name}.txt", new_id().encode()) for name in "abc"]
    library.files.throw_away(owner, files[0].id, None)
    library.api_keys.make(owner, "backup", {Scope.READ}, None)
    friend = library.accounts.open(f"ben-{new_id()}@example.org", PASSWORD, "Ben", ORIGIN, role=Role.OPERATOR)
    theirs = Caller(friend.id, friend.role, new_id(), ORIGIN)
    library.grants.give(owner, files[1].id, friend.email, Permission.VIEW)
    [lent] = [uploaded(library, theirs, "d.txt", new_id().encode())]
    email = library.accounts.me(owner).email
    library.grants.give(theirs, lent.id, email, Permission.VIEW)
    library.links.create(owner, files[1].id, Terms())
    library.exports.begin(owner, wanted(Table(Criteria(), ("id",)), None))
    library.organising.edit_all(owner, Criteria(), Edit(Action.TAG, ("sea",)))
    return files


def mentions(library: Library, account: Account) -> list[str]:
    """Return every row in any table, but of the log and of counters with an end, that names the account."""
    settings = library.settings
    found = []
    for table in (settings.users_table, settings.files_table, settings.tags_table, settings.metadata_table):
        for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            found += [f"{row['pk']} {row['sk']}" for row in page["Items"] if account.id in str(row)]
    return sorted(row for row in found if not row.startswith(("{'S': 'revoked#", "{'S': 'blob#")))


def erase(library: Library, user_id: str) -> None:
    while not library.erasure.erase(user_id):
        pass


def test_everything_goes_and_a_receipt_stays(
    library: Library, account: Account, owner: Caller, clock: FakeClock
) -> None:
    files = filled(library, owner)
    library.deletion.of_oneself(owner, PASSWORD)
    erase(library, account.id)
    library.files.catalogue.counters.folding.sweep(library.files.clock())
    clock.advance(timedelta(hours=25))
    library.deletion.remind()
    library.uploads.expire()
    library.blobs.collect()
    assert [stored(library, file) for file in files] == [None, None, None]
    left = mentions(library, account)
    assert [row for row in left if "upload#" not in row] == []  # those have an end of their own
    receipt = library.audit.of_library(account.id, Wanted("account.erased"), limit=5, cursor=None).items
    assert [entry.details for entry in receipt] == [{"files": 3, "bytes": sum(file.size for file in files)}]
    assert library.accounts.register(account.email, PASSWORD, None, ORIGIN).id != account.id


def test_a_closed_account_is_closed_at_once(library: Library, account: Account, owner: Caller) -> None:
    with pytest.raises(PasswordWrong):
        library.deletion.of_oneself(owner, "not the password")
    library.deletion.of_oneself(owner, PASSWORD)
    with pytest.raises(TokenInvalid):
        library.sessions.require_live(owner)
    with pytest.raises(AccountDisabled):
        library.sessions.log_in(account.email, PASSWORD, ORIGIN)


class Cut(Exception):
    """The function died."""


@pytest.mark.parametrize(("moment", "lives"), [("after-call", 1), ("before-call", 2)])
def test_it_may_be_cut_around_any_transaction_and_comes_to_the_same_end(
    library: Library, account: Account, owner: Caller, clock: FakeClock, moment: str, lives: int
) -> None:
    files = filled(library, owner)
    library.deletion.of_oneself(owner, PASSWORD)
    cuts = 0
    while cuts < 100:  # a step that writes again what it wrote before would never end
        clients = Clients(own_session())
        left = iter(range(lives - 1, -1, -1))

        def die(left: Iterator[int] = left, **_: object) -> None:
            if next(left) == 0:
                raise Cut

        clients.dynamodb.meta.events.register(f"{moment}.dynamodb.TransactWriteItems", die)
        try:
            done = build(library.settings, clients, clock).erasure.erase(account.id)
        except Cut:
            cuts += 1
        else:
            assert done
            break
    assert cuts >= len(files)
    (receipt,) = library.audit.of_library(account.id, Wanted("account.erased"), limit=5, cursor=None).items
    assert receipt.details == {"files": 3, "bytes": sum(file.size for file in files)}
    assert library.accounts.store.get(account.id) is None


def test_a_deletion_whose_message_was_lost_goes_on_after_an_hour(
    library: Library, account: Account, owner: Caller, clock: FakeClock, do_jobs: Deliver
) -> None:
    do_jobs()
    library.deletion.of_oneself(owner, PASSWORD)
    Messages(library.settings.jobs_queue_url).take()
    clock.advance(timedelta(minutes=59))
    library.deletion.remind()
    assert library.deletion.pending(account.id)
    clock.advance(timedelta(minutes=2))
    assert library.deletion.remind() >= 1
    assert do_jobs() == {"batchItemFailures": []}
    assert library.deletion.pending(account.id) is None
    clock.advance(timedelta(hours=2))
    library.deletion.remind()


def test_erasing_again_what_is_gone_is_no_harm(library: Library, account: Account, owner: Caller) -> None:
    assert library.erasure.erase(account.id) is True  # nobody asked for it: nothing happens
    assert library.accounts.store.get(account.id)
    library.deletion.of_oneself(owner, PASSWORD)
    erase(library, account.id)
    erase(library, account.id)
    receipts = library.audit.of_library(account.id, Wanted("account.erased"), limit=5, cursor=None).items
    assert len(receipts) == 1
