import json

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.blobs.arrivals import Arrival, message, parse

ARRIVAL = Arrival("ana", "ab" * 32, 12)


def event(key: str) -> str:
    return json.dumps({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key, "size": 12}}}]})


def test_an_event_of_s3_names_the_content_that_arrived() -> None:
    assert list(parse(event(f"originals/ana/{'ab' * 32}"))) == [ARRIVAL]


@given(st.text(min_size=1).filter(lambda text: "/" not in text))
def test_the_librarys_own_message_is_read_back_whatever_is_in_the_key(owner: str) -> None:
    arrival = Arrival(owner, "ab" * 32, 12)
    assert list(parse(message(arrival))) == [arrival]


def test_other_events_hold_no_arrival() -> None:
    assert list(parse(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}))) == []
    assert list(parse(event("renditions/ana/1/thumbnail"))) == []
    assert list(parse(event("originals/x"))) == []
