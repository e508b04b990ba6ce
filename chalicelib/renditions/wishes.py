"""What people ask of the workshop, as messages in the extraction function's queue."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Wish:
    """A picture put aside that is to become a file's miniature."""

    file_id: str
    key: str
    size: int
    digest: str


def message(wish: Wish) -> str:
    """Return the message that tells of a wish; it holds no arrivals."""
    return json.dumps({"Records": [], "miniatures": [asdict(wish)]})


def parse(body: str) -> Iterator[Wish]:
    """Yield the wishes in a message."""
    for wish in json.loads(body).get("miniatures", []):
        yield Wish(**wish)
