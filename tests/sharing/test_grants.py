from datetime import timedelta

import boto3
import pytest

from chalicelib.aws.meter import metered
from chalicelib.core.caller import Caller, Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.files.models import File, FileNotFound, Permission, PermissionMissing, Visibility
from chalicelib.limits.models import RateExceeded
from chalicelib.sharing.models import FileNotShareable, GranteeUnknown, GrantNotFound
from chalicelib.wiring import Library
from tests.conftest import FakeClock, a_request
from tests.libraries import uploaded


def person(library: Library) -> tuple[Caller, str]:
    """Return someone with an account, and their e-mail address."""
    email = f"{new_id()}@example.org"
    account = library.accounts.register(email, "correct horse battery", None, Origin(new_id()))
    return Caller(account.id, Role.OPERATOR, new_id(), Origin("203.0.113.7", "pytest", "test-request")), email


@pytest.fixture
def owner(library: Library) -> Caller:
    return person(library)[0]


@pytest.fixture
def file(library: Library, owner: Caller) -> File:
    return uploaded(library, owner, "notes.txt", b"some words")


def shared(library: Library, caller: Caller) -> list[str]:
    return [seen.file.id for seen in library.received.find(caller, limit=100).items]


def test_a_later_grant_replaces_the_one_before(library: Library, owner: Caller, file: File) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.EDIT)
    library.grants.give(owner, file.id, email.upper(), Permission.VIEW)
    [grant] = library.grants.of_file(owner, file.id, limit=10, cursor=None).items
    assert (grant.user_id, grant.permission) == (ben.user_id, Permission.VIEW)
    with pytest.raises(PermissionMissing):
        library.files.download(ben, file.id, inline=False)
    assert shared(library, ben) == [file.id]


def test_what_is_shared_is_listed_newest_first_in_pages(library: Library, owner: Caller) -> None:
    ben, email = person(library)
    files = [uploaded(library, owner, f"{n}.txt", str(n).encode()) for n in range(5)]
    for one in files:
        library.grants.give(owner, one.id, email, Permission.DOWNLOAD)
    first = library.received.find(ben, limit=3)
    rest = library.received.find(ben, limit=3, cursor=first.next_cursor)
    assert [seen.file.id for seen in first.items + rest.items] == [one.id for one in files[::-1]]
    assert {seen.held for seen in first.items} == {(Permission.VIEW, Permission.DOWNLOAD)}


def test_an_edit_is_in_the_owners_log_under_the_editors_name(
    library: Library, owner: Caller, file: File
) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.EDIT)
    library.files.change(ben, file.id, {"caption": "edited"}, None)
    assert library.files.get(owner, file.id).caption == "edited"
    [entry] = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{owner.user_id}"}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"]
    assert (entry["action"]["S"], entry["actor"]["S"]) == ("file.changed", ben.user_id)


def test_an_editor_does_not_make_a_file_public(library: Library, owner: Caller, file: File) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.EDIT)
    with pytest.raises(PermissionMissing):
        library.files.change(ben, file.id, {"visibility": Visibility.PUBLIC}, None)


def test_a_grant_may_be_given_up_by_the_one_who_has_it(library: Library, owner: Caller, file: File) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.VIEW)
    library.grants.revoke(ben, file.id, ben.user_id)
    assert shared(library, ben) == []
    with pytest.raises(GrantNotFound):
        library.grants.revoke(owner, file.id, ben.user_id)


def test_a_grantee_does_not_see_what_is_in_the_trash_or_gone(
    library: Library, owner: Caller, file: File
) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.EDIT)
    library.files.throw_away(owner, file.id, None)
    assert shared(library, ben) == []
    with pytest.raises(FileNotFound):
        library.files.seen(ben, file.id)
    with pytest.raises(FileNotShareable):
        library.grants.give(owner, file.id, email, Permission.VIEW)
    library.files.restore(owner, file.id)
    assert shared(library, ben) == [file.id]
    library.files.erase(owner, file.id, None)
    assert shared(library, ben) == []
    assert library.grants.store.permission(file.id, ben.user_id) is None


def test_a_file_whose_bytes_have_not_come_is_shown_to_nobody_else(library: Library, owner: Caller) -> None:
    ben, email = person(library)
    file = library.uploads.begin(owner, a_request(visibility=Visibility.PUBLIC)).file
    library.grants.give(owner, file.id, email, Permission.EDIT)
    for caller in (ben, None):
        with pytest.raises(FileNotFound):
            library.files.seen(caller, file.id)


def test_all_that_an_owner_shares_ends_within_a_minute_of_the_accounts_end(
    library: Library, owner: Caller, file: File, clock: FakeClock
) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.VIEW)
    library.files.change(owner, file.id, {"visibility": Visibility.PUBLIC}, None)
    library.files.seen(ben, file.id)
    boto3.client("dynamodb").update_item(
        TableName=library.settings.users_table,
        Key={"pk": {"S": f"user#{owner.user_id}"}, "sk": {"S": "account"}},
        UpdateExpression="SET #status = :disabled",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":disabled": {"S": "disabled"}},
    )
    clock.advance(timedelta(minutes=1))
    for caller in (ben, None):
        with pytest.raises(FileNotFound):
            library.files.seen(caller, file.id)
    assert shared(library, ben) == []


def test_nobody_without_an_account_is_granted_anything(library: Library, owner: Caller, file: File) -> None:
    own = library.accounts.me(owner).email
    for email in (f"{new_id()}@example.org", own):
        with pytest.raises(GranteeUnknown):
            library.grants.give(owner, file.id, email, Permission.VIEW)


def test_trying_addresses_is_limited(library: Library, owner: Caller, file: File) -> None:
    for _ in range(30):
        with pytest.raises(GranteeUnknown):
            library.grants.give(owner, file.id, "nobody@example.org", Permission.VIEW)
    with pytest.raises(RateExceeded):
        library.grants.give(owner, file.id, "nobody@example.org", Permission.VIEW)


def test_reading_anothers_file_costs_one_call_more(library: Library, owner: Caller, file: File) -> None:
    ben, email = person(library)
    library.grants.give(owner, file.id, email, Permission.VIEW)
    library.files.seen(ben, file.id)  # whether the owner is active is now known for a minute
    with metered() as own:
        library.files.seen(owner, file.id)
    with metered() as anothers:
        library.files.seen(ben, file.id)
    assert (len(own.calls), len(anothers.calls)) == (1, 2)


def test_an_erased_account_and_an_erased_file_leave_no_grants(
    library: Library, owner: Caller, file: File
) -> None:
    ben, email = person(library)
    _, other = person(library)
    for one in (email, other):
        library.grants.give(owner, file.id, one, Permission.VIEW)
    library.grants.forget_all(ben.user_id)
    assert shared(library, ben) == []
    [left] = library.grants.of_file(owner, file.id, limit=10, cursor=None).items
    assert left.email == other
    library.grants.forget_file(file.id)
    assert library.grants.of_file(owner, file.id, limit=10, cursor=None).items == []
