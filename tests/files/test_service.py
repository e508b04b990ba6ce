import json
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import boto3
import pytest
import requests

from chalicelib.aws.meter import metered
from chalicelib.core.caller import Caller
from chalicelib.core.paging import CursorInvalid
from chalicelib.files.models import File, FileChanged, FilenameInvalid, FileNotFound, FileNotReady, Status
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import FakeClock, a_request, new_caller
from tests.libraries import stored, uploaded

pytestmark = pytest.mark.usefixtures("nothing_due")

GRACE = timedelta(hours=24)


@pytest.fixture
def file(library: Library, caller: Caller) -> File:
    return uploaded(library, caller, "notes.txt", b"some words")


def ids_in(library: Library, caller: Caller) -> list[str]:
    return [file.id for file in library.files.newest_first(caller, limit=100, cursor=None).items]


def test_reading_a_file_costs_one_call(library: Library, caller: Caller, file: File) -> None:
    with metered() as receipt:
        assert library.files.get(caller, file.id) == file
    assert receipt.calls == ["dynamodb.GetItem"]


def test_a_page_of_the_list_costs_two_calls_whatever_its_size(library: Library, caller: Caller) -> None:
    for number in range(25):
        library.uploads.begin(caller, a_request(f"{number}.txt", str(number).encode()))
    library.keys()  # read once in five minutes; signing in has done so
    with metered() as receipt:
        page = library.files.newest_first(caller, limit=20, cursor=None)
    assert receipt.calls == ["dynamodb.Query", "dynamodb.BatchGetItem"]
    assert len(page.items) == 20


def test_the_list_goes_from_newest_to_oldest_through_cursors(library: Library, caller: Caller) -> None:
    begun = [library.uploads.begin(caller, a_request(f"{n}.txt", str(n).encode())) for n in range(7)]
    expected = [one.file.id for one in reversed(begun)]
    found: list[str] = []
    cursor = None
    while True:
        page = library.files.newest_first(caller, limit=3, cursor=cursor)
        found += [file.id for file in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == expected


def test_a_cursor_of_another_library_is_refused(library: Library, caller: Caller) -> None:
    for number in range(2):
        library.uploads.begin(caller, a_request(f"{number}.txt", str(number).encode()))
    cursor = library.files.newest_first(caller, limit=1, cursor=None).next_cursor
    with pytest.raises(CursorInvalid):
        library.files.newest_first(new_caller(), limit=1, cursor=cursor)
    with pytest.raises(CursorInvalid):
        library.files.trash(caller, limit=1, cursor=cursor)


def test_renaming_costs_two_calls_and_makes_a_new_version(
    library: Library, caller: Caller, file: File
) -> None:
    with metered() as receipt:
        renamed = library.files.change(caller, file.id, {"filename": "letters.txt"}, file.version)
    assert receipt.calls == ["dynamodb.GetItem", "dynamodb.TransactWriteItems"]
    assert (renamed.filename, renamed.version) == ("letters.txt", file.version + 1)
    assert library.files.get(caller, file.id) == renamed


def test_a_rename_moves_the_file_in_the_order_by_name(library: Library, caller: Caller, file: File) -> None:
    library.files.change(caller, file.id, {"filename": "Älter.txt"}, None)
    items = boto3.client("dynamodb").query(
        TableName=library.settings.tags_table,
        IndexName="by_name",
        KeyConditionExpression="pk = :list",
        ExpressionAttributeValues={":list": {"S": f"{caller.user_id}#all"}},
        ConsistentRead=True,
    )["Items"]
    assert [item["n"]["S"] for item in items] == [f"älter.txt\0{file.id}"]


def test_a_change_to_what_is_already_so_writes_nothing(library: Library, caller: Caller, file: File) -> None:
    with metered() as receipt:
        assert library.files.change(caller, file.id, {"filename": file.filename}, None) == file
    assert receipt.calls == ["dynamodb.GetItem"]


def test_a_change_of_another_version_is_refused(library: Library, caller: Caller, file: File) -> None:
    library.files.change(caller, file.id, {"caption": "first"}, file.version)
    with pytest.raises(FileChanged) as refusal:
        library.files.change(caller, file.id, {"caption": "second"}, file.version)
    assert refusal.value.evidence["version"] == file.version + 1


def test_a_new_name_keeps_the_extension(library: Library, caller: Caller, file: File) -> None:
    with pytest.raises(FilenameInvalid):
        library.files.change(caller, file.id, {"filename": "notes.exe"}, None)


def test_a_change_is_in_the_activity_log_with_before_and_after(
    library: Library, caller: Caller, file: File
) -> None:
    library.files.change(caller, file.id, {"caption": "at the sea", "tags": ("sea",)}, None)
    [item] = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{caller.user_id}"}},
        ScanIndexForward=False,
        Limit=1,
    )["Items"]
    assert item["action"]["S"] == "file.changed"
    assert json.loads(item["details"]["S"])["caption"] == {"before": None, "after": "at the sea"}
    assert item["actor"]["S"] == caller.user_id


def test_a_file_thrown_away_leaves_the_list_and_comes_back(
    library: Library, caller: Caller, file: File
) -> None:
    library.files.throw_away(caller, file.id, None)
    library.files.throw_away(caller, file.id, None)
    assert ids_in(library, caller) == []
    assert [one.id for one in library.files.trash(caller, limit=10, cursor=None).items] == [file.id]
    assert library.files.restore(caller, file.id).trashed_at is None
    library.files.restore(caller, file.id)
    assert ids_in(library, caller) == [file.id]
    assert library.files.trash(caller, limit=10, cursor=None).items == []


def test_erased_bytes_stay_for_the_grace_period_and_then_go(
    library: Library, caller: Caller, file: File, clock: FakeClock
) -> None:
    library.files.erase(caller, file.id, file.version)
    with pytest.raises(FileNotFound):
        library.files.get(caller, file.id)
    assert ids_in(library, caller) == []
    clock.advance(GRACE - timedelta(seconds=1))
    library.blobs.collect()
    assert stored(library, file) == b"some words"
    clock.advance(timedelta(seconds=1))
    library.blobs.collect()
    library.blobs.collect()
    assert stored(library, file) is None
    assert library.blobs.find(caller.user_id, file.sha256) is None


def test_bytes_stay_while_another_file_has_them(
    library: Library, caller: Caller, file: File, clock: FakeClock
) -> None:
    other = library.uploads.begin(caller, a_request("copy.txt", b"some words", link_duplicate=True)).file
    library.files.erase(caller, file.id, None)
    clock.advance(GRACE)
    library.blobs.collect()
    assert stored(library, other) == b"some words"
    assert library.files.get(caller, other.id).status is Status.READY


def test_content_uploaded_again_within_the_grace_period_is_kept(
    library: Library, caller: Caller, file: File, clock: FakeClock
) -> None:
    library.files.erase(caller, file.id, None)
    again = library.uploads.begin(caller, a_request("again.txt", b"some words")).file
    assert again.status is Status.READY
    clock.advance(GRACE)
    library.blobs.collect()
    assert stored(library, again) == b"some words"


def test_a_download_is_signed_for_five_minutes_with_type_and_name(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    file = uploaded(library, caller, "Übung ①.txt", b"0123456789")
    with metered() as receipt:
        delivery = library.files.download(caller, file.id, inline=True)
    assert receipt.calls == ["dynamodb.GetItem", "sqs.SendMessage"]  # the first use is counted at once
    assert delivery.expires_at == clock() + timedelta(minutes=5)
    answer = requests.get(delivery.url, headers={"Range": "bytes=2-4"}, timeout=10)
    assert (answer.status_code, answer.content) == (206, b"234")
    assert answer.headers["Content-Type"] == "text/plain"
    name = unquote(answer.headers["Content-Disposition"].split("filename*=UTF-8''")[1])
    assert name == "Übung ①.txt"


def test_what_has_not_arrived_cannot_be_downloaded(library: Library, caller: Caller) -> None:
    upload = library.uploads.begin(caller, a_request())
    assert isinstance(upload, Begun)
    with pytest.raises(FileNotReady):
        library.files.download(caller, upload.file.id, inline=False)


def test_a_stranger_finds_no_file_whatever_they_try(library: Library, file: File) -> None:
    ben = new_caller()
    attempts: list[Callable[[], object]] = [
        lambda: library.files.get(ben, file.id),
        lambda: library.files.change(ben, file.id, {"caption": "mine"}, None),
        lambda: library.files.throw_away(ben, file.id, None),
        lambda: library.files.restore(ben, file.id),
        lambda: library.files.erase(ben, file.id, None),
        lambda: library.files.download(ben, file.id, inline=False),
    ]
    for attempt in attempts:
        with pytest.raises(FileNotFound):
            attempt()
