import threading
from datetime import timedelta

import boto3
import pytest

from chalicelib.aws.meter import metered
from chalicelib.core.ids import new_id
from chalicelib.limits.models import Policy, RateExceeded
from chalicelib.limits.service import Limits
from chalicelib.limits.standings import noted
from chalicelib.wiring import Library
from tests.conftest import FakeClock

POLICY = Policy("tries", 3, 60)


@pytest.fixture
def limits(library: Library, clock: FakeClock) -> Limits:
    clock.moment = clock.moment.replace(second=0) + timedelta(hours=1)  # a window that has not expired
    return Limits(library.limits.store, clock, {"tries": POLICY})


@pytest.fixture
def subject() -> str:
    return new_id()


def test_after_the_quota_the_next_is_refused_until_the_window_ends(
    limits: Limits, subject: str, clock: FakeClock
) -> None:
    for _ in range(3):
        limits.take("tries", subject)
    clock.advance(timedelta(seconds=20))
    with pytest.raises(RateExceeded) as refusal:
        limits.take("tries", subject)
    assert refusal.value.evidence == {"retry_after": 40, "limit": "tries"}
    clock.advance(timedelta(seconds=40))
    limits.take("tries", subject)


def test_one_subject_does_not_use_up_the_quota_of_another(limits: Limits, subject: str) -> None:
    for _ in range(3):
        limits.take("tries", subject)
    limits.take("tries", f"{subject}!")


def test_a_refusal_does_not_count(limits: Limits, subject: str) -> None:
    assert [limits.has_room("tries", subject) for _ in range(5)] == [True, True, True, False, False]


def test_parallel_requests_do_not_pass_more_than_the_quota(limits: Limits, subject: str) -> None:
    passed: list[bool] = []
    threads = [
        threading.Thread(target=lambda: passed.append(limits.has_room("tries", subject))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed.count(True) == 3


def test_what_is_left_is_noted_for_the_door(limits: Limits, subject: str) -> None:
    with noted() as standings:
        for left in (2, 1, 0):
            limits.take("tries", subject)
            assert [(one.remaining, one.resets_in) for one in standings] == [(left, 60)]
        with pytest.raises(RateExceeded):
            limits.take("tries", subject)
        limits.has_room("tries", subject)
    assert [one.remaining for one in standings] == [0]


def test_a_turn_costs_no_call_counts_with_what_is_limited_and_tells_what_is_left(
    library: Library, limits: Limits, subject: str
) -> None:
    for left in (1, 0):
        turn = limits.turn("tries", subject).of(2)
        (counter,) = library.tables.get_from([turn.place])
        with metered() as receipt, noted() as standings:
            assert turn.check(counter) == 1 - left
            count = turn.count()
        assert receipt.calls == []
        assert [one.remaining for one in standings] == [left + 1]
        library.tables.commit([count])
    with pytest.raises(RateExceeded):
        library.tables.commit([count])  # another was quicker
    turn = limits.turn("tries", subject).of(2)
    with pytest.raises(RateExceeded) as refusal:
        turn.check(library.tables.get_from([turn.place])[0])
    assert refusal.value.evidence == {"retry_after": 60, "limit": "tries"}


def test_a_forgotten_count_starts_again(library: Library, limits: Limits, subject: str) -> None:
    for _ in range(3):
        limits.take("tries", subject)
    library.tables.commit([limits.forget("tries", subject)])
    limits.take("tries", subject)


def test_a_check_is_one_call_and_its_row_expires_and_names_nobody(
    library: Library, limits: Limits, clock: FakeClock
) -> None:
    address = f"203.0.113.7#{new_id()}"
    with metered() as receipt:
        limits.take("tries", address)
    assert receipt.calls == ["dynamodb.UpdateItem"]
    pages = (
        boto3.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=library.settings.users_table,
            FilterExpression="begins_with(pk, :p)",
            ExpressionAttributeValues={":p": {"S": "limit#tries#"}},
        )
    )
    rows = [item for page in pages for item in page["Items"]]
    assert rows
    assert all(address not in str(row) for row in rows)
    assert all(int(row["ttl"]["N"]) == (int(row["sk"]["S"]) + 1) * 60 for row in rows)
    assert str(int(clock.moment.timestamp()) // 60) in {row["sk"]["S"] for row in rows}
