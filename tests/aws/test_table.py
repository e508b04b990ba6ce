from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr
from boto3.dynamodb.conditions import Key as KeyCondition
from botocore.exceptions import ClientError

from chalicelib.aws.clients import Clients
from chalicelib.aws.table import (
    ABSENT,
    PRESENT,
    TRIES,
    Check,
    ConditionFailed,
    Delete,
    Put,
    Tables,
    Update,
    Write,
)
from chalicelib.core.errors import Conflict, NotFound, Unavailable
from chalicelib.core.ids import new_id
from chalicelib.settings import Settings


@pytest.fixture
def tables(clients: Clients) -> Tables:
    return Tables(lambda: clients.dynamodb)


@pytest.fixture
def table(settings: Settings) -> str:
    return settings.files_table


@pytest.fixture
def pk() -> str:
    return f"test#{new_id()}"


def test_an_item_comes_back_as_it_was_put(tables: Tables, table: str, pk: str) -> None:
    item = {"pk": pk, "sk": "a", "text": "é", "number": 7, "list": ["x"], "map": {"k": None}, "yes": True}
    tables.commit([Put(table, item)])
    assert tables.get(table, {"pk": pk, "sk": "a"}) == item


def test_an_absent_item_is_none(tables: Tables, table: str, pk: str) -> None:
    assert tables.get(table, {"pk": pk, "sk": "a"}) is None


def test_an_update_sets_adds_and_removes(tables: Tables, table: str, pk: str) -> None:
    key = {"pk": pk, "sk": "a"}
    tables.commit([Put(table, {**key, "old": "x", "gone": "x", "count": 1})])
    tables.commit(
        [Update(table, key, set={"old": "new"}, add={"count": 2}, remove=["gone"], condition=PRESENT)]
    )
    assert tables.get(table, key) == {**key, "old": "new", "count": 3}


def test_the_failed_condition_comes_back_as_its_own_error(tables: Tables, table: str, pk: str) -> None:
    one, other = {"pk": pk, "sk": "one"}, {"pk": pk, "sk": "other"}
    tables.commit([Put(table, {**other, "state": "closed"})])
    still_open = Attr("state").eq("open")
    writes: list[Write] = [
        Put(table, one, ABSENT, refused=NotFound("the first")),
        Update(table, other, {"state": "x"}, condition=still_open, refused=Conflict("the second")),
    ]
    with pytest.raises(Conflict, match="the second"):
        tables.commit(writes)
    assert tables.get(table, one) is None


def test_a_failed_condition_without_a_meaning_is_a_fault_of_the_program(
    tables: Tables, table: str, pk: str
) -> None:
    with pytest.raises(ConditionFailed):
        tables.commit([Check(table, {"pk": pk, "sk": "a"}, PRESENT)])


def test_a_delete_may_have_a_condition(tables: Tables, table: str, pk: str) -> None:
    key = {"pk": pk, "sk": "a"}
    tables.commit([Put(table, {**key, "version": 2})])
    with pytest.raises(Conflict):
        tables.commit([Delete(table, key, Attr("version").eq(1), refused=Conflict("changed"))])
    tables.commit([Delete(table, key, Attr("version").eq(2))])
    assert tables.get(table, key) is None


def test_a_query_goes_page_by_page_in_either_direction(tables: Tables, table: str, pk: str) -> None:
    tables.commit([Put(table, {"pk": pk, "sk": f"{n:02}"}) for n in range(30)])
    condition = KeyCondition("pk").eq(pk)
    page = tables.query(table, condition, limit=20, forward=False)
    assert [item["sk"] for item in page.items] == [f"{n:02}" for n in range(29, 9, -1)]
    rest = tables.query(table, condition, limit=20, forward=False, start=page.next_key)
    assert [item["sk"] for item in rest.items] == [f"{n:02}" for n in range(9, -1, -1)]
    assert rest.next_key is None
    assert len(list(tables.query_all(table, condition))) == 30


def test_many_items_are_read_in_one_call(tables: Tables, table: str, pk: str) -> None:
    keys = [{"pk": pk, "sk": str(n)} for n in range(100)]
    tables.commit([Put(table, dict(key)) for key in keys])
    found = tables.get_many(table, [*keys])
    assert sorted(int(item["sk"]) for item in found) == list(range(100))
    assert tables.get_many(table, []) == []


class Answers:
    """A DynamoDB client that answers as it is told, and counts."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.asked = 0

    def _answer(self, **_: Any) -> Any:
        self.asked += 1
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    transact_write_items = batch_get_item = _answer


def cancelled(*codes: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(response, "TransactWriteItems")


def failing(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "TransactWriteItems")


def scripted(*answers: Any) -> tuple[Tables, Answers, list[float]]:
    client = Answers(*answers)
    pauses: list[float] = []
    return Tables(lambda: client, pauses.append), client, pauses  # type: ignore[arg-type, return-value] # a double


@pytest.mark.parametrize("passing", [cancelled("TransactionConflict"), failing("ThrottlingException")])
def test_conflicts_and_throttling_are_tried_again(passing: ClientError) -> None:
    tables, client, pauses = scripted(passing, passing, {})
    tables.commit([Put("t", {"pk": "a", "sk": "b"})])
    assert client.asked == 3
    assert pauses[0] == 0
    assert all(pause <= 0.2 for pause in pauses)


def test_conflicts_that_last_are_answered_with_try_again() -> None:
    tables, client, _ = scripted(*[cancelled("TransactionConflict")] * TRIES)
    with pytest.raises(Unavailable) as refusal:
        tables.commit([Put("t", {"pk": "a", "sk": "b"})])
    assert client.asked == TRIES
    assert refusal.value.evidence["retry_after"] == 1


@pytest.mark.parametrize("lasting", [cancelled("ValidationError"), failing("AccessDeniedException")])
def test_other_failures_are_not_tried_again(lasting: ClientError) -> None:
    tables, client, _ = scripted(lasting)
    with pytest.raises(ClientError):
        tables.commit([Put("t", {"pk": "a", "sk": "b"})])
    assert client.asked == 1


def test_keys_that_dynamodb_left_out_are_asked_for_again() -> None:
    left = {"pk": {"S": "b"}, "sk": {"S": "x"}}
    first = {
        "Responses": {"t": [{"pk": {"S": "a"}, "sk": {"S": "x"}}]},
        "UnprocessedKeys": {"t": {"Keys": [left]}},
    }
    second: dict[str, Any] = {"Responses": {"t": [left]}, "UnprocessedKeys": {}}
    tables, client, _ = scripted(first, second)
    found = tables.get_many("t", [{"pk": "a", "sk": "x"}, {"pk": "b", "sk": "x"}])
    assert [item["pk"] for item in found] == ["a", "b"]
    assert client.asked == 2


def test_keys_that_stay_left_out_are_answered_with_try_again() -> None:
    left = {"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "x"}}]}}}
    tables, _, _ = scripted(*[left] * TRIES)
    with pytest.raises(Unavailable):
        tables.get_many("t", [{"pk": "a", "sk": "x"}])


def test_the_stack_has_the_orders_that_cannot_be_added_later(settings: Settings) -> None:
    described = boto3.client("dynamodb").describe_table(TableName=settings.tags_table)["Table"]
    indexes = {
        index["IndexName"]: index["KeySchema"][1]["AttributeName"]
        for index in described["LocalSecondaryIndexes"]
    }
    assert indexes == {"by_name": "n", "by_size": "z"}
