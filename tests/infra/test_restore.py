"""A library comes back as it was: what was erased, what was changed, and without what came later."""

from datetime import UTC, datetime

import boto3
import pytest

from chalicelib.core.caller import Caller
from chalicelib.files.models import FileNotFound
from chalicelib.wiring import Library
from infra.restore import TABLES, bring_back, copy_of
from tests.libraries import stored, uploaded


def test_a_library_is_brought_back_to_a_moment(
    library: Library, caller: Caller, outputs: dict[str, str]
) -> None:
    dynamodb = boto3.client("dynamodb")
    erased, renamed = (uploaded(library, caller, f"{name}.txt", name.encode()) for name in ("erased", "old"))
    before = library.files.newest_first(caller, limit=10, cursor=None)
    moment = datetime.now(UTC)
    copies = {outputs[name]: copy_of(dynamodb, outputs[name], moment) for name in TABLES}

    library.files.erase(caller, erased.id, None)
    library.files.change(caller, renamed.id, {"filename": "new.txt"}, None)
    later = uploaded(library, caller, "later.txt", b"later")
    changes = [bring_back(dynamodb, table, copy) for table, copy in copies.items()]

    written, removed = (sum(counts) for counts in zip(*changes, strict=True))
    assert written > 0
    assert removed > 0
    assert library.files.newest_first(caller, limit=10, cursor=None) == before
    assert stored(library, library.files.get(caller, erased.id)) == b"erased"
    with pytest.raises(FileNotFound):
        library.files.get(caller, later.id)
    again = [bring_back(dynamodb, table, copy) for table, copy in copies.items()]
    assert [removed for _, removed in again] == [0] * len(TABLES)
    for copy in copies.values():
        dynamodb.delete_table(TableName=copy)
