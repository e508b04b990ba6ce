import json
import threading
from datetime import timedelta
from typing import Any

import boto3
import pytest
import requests

from chalicelib.aws.meter import metered
from chalicelib.core.caller import Caller, Origin
from chalicelib.core.ids import new_id
from chalicelib.files.models import File, FileNotFound
from chalicelib.limits.models import RateExceeded
from chalicelib.sharing.models import (
    FileNotShareable,
    LinkChanged,
    LinkExpired,
    LinkLocked,
    LinkNotFound,
    LinkPasswordWrong,
    LinkUsedUp,
    LookingOnly,
    NewLink,
    Terms,
)
from chalicelib.sharing.rules import token_hash
from chalicelib.wiring import Library
from tests.conftest import FakeClock, new_caller
from tests.libraries import uploaded

VISITOR = Origin("198.51.100.23", "Firefox", "visit")


@pytest.fixture
def owner(library: Library) -> Caller:
    """Return someone with an account, as links live no longer than their owner's."""
    account = library.accounts.register(f"{new_id()}@example.org", "correct horse battery", None, Origin())
    return Caller(account.id, account.role, new_id(), Origin("203.0.113.7", "pytest", "test-request"))


@pytest.fixture
def file(library: Library, owner: Caller) -> File:
    return uploaded(library, owner, "notes.txt", b"some words")


def linked(library: Library, owner: Caller, file: File, **terms: Any) -> NewLink:
    return library.links.create(owner, file.id, Terms(**terms))


def activity(library: Library, owner: Caller) -> list[dict[str, Any]]:
    query = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{owner.user_id}"}},
    )
    return [{name: next(iter(value.values())) for name, value in item.items()} for item in query["Items"]]


def test_a_link_opens_the_file_and_gives_its_bytes_for_a_minute(
    library: Library, owner: Caller, file: File, clock: FakeClock
) -> None:
    token = linked(library, owner, file).token
    assert library.visits.open(token, None, VISITOR).file == file
    delivery = library.visits.download(token, None, VISITOR, inline=False)
    assert delivery.expires_at == clock() + timedelta(seconds=60)
    assert "X-Amz-Expires=60&" in delivery.url
    assert requests.get(delivery.url, timeout=10).content == b"some words"


def test_visits_are_counted_for_the_owner(library: Library, owner: Caller, file: File) -> None:
    token = linked(library, owner, file).token
    library.visits.open(token, None, VISITOR)
    library.visits.open(token, None, VISITOR)
    library.visits.download(token, None, VISITOR, inline=False)
    [found] = library.links.of_file(owner, file.id, limit=10, cursor=None).items
    assert (found.link.views, found.link.downloads) == (2, 1)
    assert found.link.last_used_at == library.links.clock()
    assert found.link.version == 1


def test_who_came_is_in_the_activity_log_with_a_blurred_address(
    library: Library, owner: Caller, file: File
) -> None:
    made = linked(library, owner, file)
    library.visits.open(made.token, None, VISITOR)
    library.visits.download(made.token, None, VISITOR, inline=False)
    visits = [entry for entry in activity(library, owner) if entry["actor"] == "visitor"]
    assert [entry["action"] for entry in visits] == ["link.opened", "link.downloaded"]
    assert {entry["address"] for entry in visits} == {"198.51.100.0/24"}
    assert {entry["agent"] for entry in visits} == {"Firefox"}
    assert {entry["target"] for entry in visits} == {file.id}
    assert [json.loads(entry["details"]) for entry in visits] == [{"link": made.link.id}] * 2


def test_nothing_stored_gives_a_token_or_a_password_away(library: Library, owner: Caller, file: File) -> None:
    made = linked(library, owner, file, password="open sesame")
    pages = boto3.client("dynamodb").get_paginator("scan")
    for table in (library.settings.files_table, library.settings.activity_table):
        rows = str([page["Items"] for page in pages.paginate(TableName=table)])
        assert made.token not in rows
        assert "open sesame" not in rows


def test_a_one_time_link_gives_one_download_to_many_who_ask_at_once(
    library: Library, owner: Caller, file: File
) -> None:
    token = linked(library, owner, file, max_downloads=1).token
    outcomes: list[str] = []

    def ask() -> None:
        try:
            library.visits.download(token, None, VISITOR, inline=False)
            outcomes.append("given")
        except LinkUsedUp:
            outcomes.append("used up")

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["given"] + ["used up"] * 11
    downloaded = [entry for entry in activity(library, owner) if entry["action"] == "link.downloaded"]
    assert len(downloaded) == 1
    with pytest.raises(LinkUsedUp):
        library.visits.open(token, None, VISITOR)


def test_parallel_downloads_of_an_unlimited_link_all_count(
    library: Library, owner: Caller, file: File
) -> None:
    token = linked(library, owner, file).token
    threads = [
        threading.Thread(target=lambda: library.visits.download(token, None, VISITOR, inline=False))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [found] = library.links.of_caller(owner, limit=10, cursor=None).items
    assert found.link.downloads == 8


def test_an_expired_link_says_so(library: Library, owner: Caller, file: File, clock: FakeClock) -> None:
    token = linked(library, owner, file, expires_in=60).token
    library.visits.open(token, None, VISITOR)
    clock.advance(timedelta(seconds=60))
    for use in (library.visits.open, lambda *a: library.visits.download(*a, inline=False)):
        with pytest.raises(LinkExpired):
            use(token, None, VISITOR)


def test_a_revoked_link_is_unknown_at_once(library: Library, owner: Caller, file: File) -> None:
    made = linked(library, owner, file)
    library.links.revoke(owner, made.link.id, None)
    for token in (made.token, "never-made"):
        with pytest.raises(LinkNotFound):
            library.visits.open(token, None, VISITOR)
    assert library.links.of_caller(owner, limit=10, cursor=None).items == []
    assert library.links.of_file(owner, file.id, limit=10, cursor=None).items == []


def test_a_link_with_a_password_opens_by_the_key_that_the_password_gives(
    library: Library, owner: Caller, file: File
) -> None:
    token = linked(library, owner, file, password="open sesame").token
    with pytest.raises(LinkLocked):
        library.visits.open(token, None, VISITOR)
    with pytest.raises(LinkLocked):
        library.visits.download(token, "guess", VISITOR, inline=False)
    with pytest.raises(LinkPasswordWrong):
        library.visits.unlock(token, "open barley", VISITOR)
    key = library.visits.unlock(token, "open sesame", VISITOR).key
    library.visits.open(token, key, VISITOR)
    library.visits.download(token, key, VISITOR, inline=False)


def test_guessing_a_password_is_stopped_for_the_one_who_guesses(
    library: Library, owner: Caller, file: File
) -> None:
    token = linked(library, owner, file, password="open sesame").token
    for _ in range(10):
        with pytest.raises(LinkPasswordWrong):
            library.visits.unlock(token, "guess", VISITOR)
    with pytest.raises(RateExceeded):
        library.visits.unlock(token, "open sesame", VISITOR)
    library.visits.unlock(token, "open sesame", Origin("192.0.2.1"))


def test_a_link_for_looking_gives_no_bytes(library: Library, owner: Caller, file: File) -> None:
    picture = linked(library, owner, file, allow_download=False)
    opened = library.visits.open(picture.token, None, VISITOR)
    assert library.visits.shown(opened) is None
    with pytest.raises(LookingOnly):
        library.visits.download(picture.token, None, VISITOR, inline=True)


def test_changed_terms_hold_from_the_next_request_on(
    library: Library, owner: Caller, file: File, clock: FakeClock
) -> None:
    made = linked(library, owner, file, expires_in=60)
    changed = library.links.change(owner, made.link.id, {"expires_in": None, "password": "new"}, 1).link
    assert (changed.version, changed.expires_at) == (2, None)
    clock.advance(timedelta(days=100))
    with pytest.raises(LinkLocked):
        library.visits.open(made.token, None, VISITOR)
    library.links.change(owner, made.link.id, {"password": None, "name": "for Ben"}, None)
    assert library.visits.open(made.token, None, VISITOR).link.name == "for Ben"
    with pytest.raises(LinkChanged):
        library.links.change(owner, made.link.id, {"name": "x"}, 1)
    with pytest.raises(LinkChanged):
        library.links.revoke(owner, made.link.id, 1)


def test_more_downloads_open_a_used_up_link_again(library: Library, owner: Caller, file: File) -> None:
    made = linked(library, owner, file, max_downloads=1)
    library.visits.download(made.token, None, VISITOR, inline=False)
    library.links.change(owner, made.link.id, {"max_downloads": 2}, None)
    library.visits.download(made.token, None, VISITOR, inline=False)
    with pytest.raises(LinkUsedUp):
        library.visits.download(made.token, None, VISITOR, inline=False)


def test_a_link_rests_while_its_file_is_in_the_trash_and_ends_with_it(
    library: Library, owner: Caller, file: File
) -> None:
    token = linked(library, owner, file).token
    library.files.throw_away(owner, file.id, None)
    with pytest.raises(LinkNotFound):
        library.visits.open(token, None, VISITOR)
    with pytest.raises(FileNotShareable):
        linked(library, owner, file)
    library.files.restore(owner, file.id)
    library.visits.open(token, None, VISITOR)
    library.files.erase(owner, file.id, None)
    with pytest.raises(LinkNotFound):
        library.visits.open(token, None, VISITOR)
    assert library.links.of_caller(owner, limit=10, cursor=None).items == []
    assert library.links.store.get(token_hash(token)) is None


def test_links_are_listed_newest_first_in_pages(library: Library, owner: Caller, file: File) -> None:
    other = uploaded(library, owner, "other.txt", b"other words")
    made = [linked(library, owner, one, name=str(n)).link for n, one in enumerate([file, other, file, other])]
    first = library.links.of_caller(owner, limit=3, cursor=None)
    rest = library.links.of_caller(owner, limit=3, cursor=first.next_cursor)
    assert [found.link for found in first.items + rest.items] == made[::-1]
    of_file = library.links.of_file(owner, file.id, limit=10, cursor=None).items
    assert [(found.link.name, found.file.filename) for found in of_file] == [
        ("2", "notes.txt"),
        ("0", "notes.txt"),
    ]


def test_a_stranger_cannot_manage_or_list_links(library: Library, owner: Caller, file: File) -> None:
    made, ben = linked(library, owner, file), new_caller()
    with pytest.raises(FileNotFound):
        linked(library, ben, file)
    with pytest.raises(FileNotFound):
        library.links.of_file(ben, file.id, limit=10, cursor=None)
    with pytest.raises(LinkNotFound):
        library.links.change(ben, made.link.id, {"name": "mine"}, None)
    with pytest.raises(LinkNotFound):
        library.links.revoke(ben, made.link.id, None)
    assert library.links.of_caller(ben, limit=10, cursor=None).items == []


def test_links_end_with_their_owners_account(library: Library, owner: Caller, file: File) -> None:
    token = linked(library, owner, file).token
    boto3.client("dynamodb").update_item(
        TableName=library.settings.users_table,
        Key={"pk": {"S": f"user#{owner.user_id}"}, "sk": {"S": "account"}},
        UpdateExpression="SET #status = :disabled",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":disabled": {"S": "disabled"}},
    )
    with pytest.raises(LinkNotFound):
        library.visits.open(token, None, VISITOR)


def test_what_links_cost(library: Library, owner: Caller, file: File) -> None:
    with metered() as making:
        token = linked(library, owner, file).token
    assert len(making.calls) == 2
    with metered() as opening:
        library.visits.open(token, None, VISITOR)
    assert len(opening.calls) == 6  # one of them passes counted uses on, once in half a minute
    with metered() as downloading:
        library.visits.download(token, None, VISITOR, inline=False)
    assert len(downloading.calls) == 4
    with metered() as listing:
        library.links.of_caller(owner, limit=100, cursor=None)
    assert listing.calls == ["dynamodb.Query", "dynamodb.BatchGetItem", "dynamodb.BatchGetItem"]
