from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.clock import from_text, now, to_text

moments = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def test_now_is_in_utc_and_survives_storing() -> None:
    moment = now()
    assert moment.tzinfo is UTC
    assert from_text(to_text(moment)) == moment


def test_other_time_zones_are_written_in_utc() -> None:
    moment = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert to_text(moment) == "2025-12-31T23:30:00.000Z"


@given(moments, moments)
def test_the_order_of_the_texts_is_the_order_of_time(one: datetime, other: datetime) -> None:
    one, other = (moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (one, other))
    assert (to_text(one) < to_text(other)) == (one < other)
