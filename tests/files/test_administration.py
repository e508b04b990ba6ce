"""Admins see the files of all owners, newest first."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.aws.meter import metered
from chalicelib.aws.table import Tables
from chalicelib.catalogue.everyone import Everyone
from chalicelib.catalogue.models import Criteria, Order, Sort
from chalicelib.catalogue.service import question_of
from chalicelib.core.clock import now
from chalicelib.core.ids import new_id
from chalicelib.files.administration import OwnerNeeded
from chalicelib.wiring import Library
from tests.catalogue.worlds import EPOCH, World, fits
from tests.conftest import a_request, new_caller

NEWEST = Sort(Order.CREATED, descending=True)
AFTERWARDS = EPOCH + timedelta(days=1)
"""Later than all files of the random libraries, and earlier than what other tests have made."""


def pages(everyone: Everyone, criteria: Criteria, limit: int) -> list[str]:
    """Return all that is found, page by page."""
    found: list[str] = []
    before: str | None = None
    while True:
        some, before = everyone.page(question_of(criteria, NEWEST), before, limit)
        assert len(some) <= limit
        found += some
        if before is None:
            return found


def test_every_filter_finds_in_all_libraries_just_what_fits(library: Library) -> None:
    tables = Tables(library.tables._client)
    worlds = [
        World(seed, tables=tables, table=library.settings.tags_table, owner=new_id()) for seed in (1, 2)
    ]
    for world in worlds:
        for _ in range(40):
            world.step()
    files = {entry.file_id: entry for world in worlds for entry in world.files.values()}
    everyone = Everyone(tables, library.settings.tags_table, now)
    dice = random.Random(5)
    for _ in range(30):
        asked = worlds[0].question()[0]
        criteria = replace(asked, words="", created_before=asked.created_before or AFTERWARDS)
        wanted = sorted((one for one in files if fits(criteria, files[one])), reverse=True)
        found = pages(everyone, criteria, dice.choice((1, 3, 7, 100)))
        assert found == sorted(set(found), reverse=True)
        assert [one for one in found if one in files] == wanted


def test_a_page_of_everybodys_files_costs_five_calls(library: Library) -> None:
    for _ in range(3):
        library.uploads.begin(new_caller(), a_request())
    library.keys()  # what signs cursors is kept for a while
    with metered() as receipt:
        page = library.file_administration.page(None, Criteria(), NEWEST, limit=3, cursor=None)
    assert receipt.calls == ["dynamodb.Query"] * 4 + ["dynamodb.BatchGetItem"]
    assert len(page.items) == 3
    assert page.next_cursor


@pytest.mark.parametrize(
    ("criteria", "sort"),
    [
        (Criteria(words="sea"), NEWEST),
        (Criteria(), Sort(Order.NAME)),
        (Criteria(), Sort(Order.CREATED, descending=False)),
    ],
)
def test_words_and_other_orders_are_asked_for_in_one_library(
    library: Library, criteria: Criteria, sort: Sort
) -> None:
    owner = new_caller()
    library.uploads.begin(owner, a_request("sea.txt"))
    with pytest.raises(OwnerNeeded):
        library.file_administration.page(None, criteria, sort, limit=3, cursor=None)
    found = library.file_administration.page(owner.user_id, criteria, sort, limit=3, cursor=None)
    assert [file.filename for file in found.items] == ["sea.txt"]
    assert now() - found.items[0].created_at < timedelta(minutes=5)
