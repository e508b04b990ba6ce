from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.aws.agenda import Agenda
from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Tables
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agenda(clients: Clients, settings: Settings) -> Agenda:
    return Agenda(Tables(lambda: clients.dynamodb), settings.files_table, f"test-{new_id()}")


def test_things_come_up_at_their_moment_and_not_before(agenda: Agenda) -> None:
    agenda.tables.commit([agenda.put(NOON + n * MINUTE, f"thing-{n}") for n in range(10)])
    assert list(agenda.due(NOON - MINUTE)) == []
    assert {due.reference for due in agenda.due(NOON + 3 * MINUTE)} == {f"thing-{n}" for n in range(4)}


def test_what_is_done_comes_up_no_more(agenda: Agenda) -> None:
    agenda.tables.commit([agenda.put(NOON, "a#b"), agenda.put(NOON, "c")])
    [found] = [due for due in agenda.due(NOON) if due.reference == "a#b"]
    agenda.tables.commit([agenda.delete(found.at, found.reference)])
    assert [due.reference for due in agenda.due(NOON)] == ["c"]
