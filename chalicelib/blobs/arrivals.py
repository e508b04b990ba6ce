"""The news that an object lies in the bucket, in the form of S3's event notification.

S3 sends it after a PUT; the library sends the same form itself where S3's own may have been lost, so that there is
one way in. Keys in events are URL-encoded (AWS: "Event message structure"); an event's order means nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, unquote_plus

KEY_PARTS = 3
SCANNED = "GuardDuty Malware Protection Object Scan Result"


@dataclass(frozen=True)
class Arrival:
    """Content of an owner that has arrived, or, when it is `again`, that is to be examined anew."""

    owner_id: str
    sha256: str
    size: int
    """0 where the event does not tell: the blob's is right as well."""
    again: bool = False


def parse(body: str) -> Iterator[Arrival]:
    """Yield the arrivals in a message; other events (S3's test event, other prefixes) hold none.

    The result of a malware scan is an arrival too: of content that may be examined now.
    """
    event = json.loads(body)
    if event.get("detail-type") == SCANNED:
        parts = str(event["detail"]["s3ObjectDetails"]["objectKey"]).split("/")
        if len(parts) == KEY_PARTS and parts[0] == "originals":
            yield Arrival(parts[1], parts[2], size=0)
    for record in event.get("Records", []):
        found = record["s3"]["object"]
        parts = unquote_plus(found["key"]).split("/")
        if len(parts) == KEY_PARTS and parts[0] == "originals":
            yield Arrival(parts[1], parts[2], int(found["size"]), again=record.get("again") is True)


def message(arrival: Arrival) -> str:
    """Return the message that tells of an arrival."""
    key = quote_plus(f"originals/{arrival.owner_id}/{arrival.sha256}", safe="/")
    record: dict[str, Any] = {
        "eventSource": "mediatheque",
        "again": arrival.again,
        "s3": {"object": {"key": key, "size": arrival.size}},
    }
    return json.dumps({"Records": [record]})
