"""Short words for what many tests of services need."""

import requests

from chalicelib.blobs.arrivals import Arrival
from chalicelib.blobs.models import object_key
from chalicelib.core.caller import Caller
from chalicelib.files.models import File, Status
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import a_request


def put(begun: Begun, content: bytes) -> requests.Response:
    """PUT the bytes of an upload as a client would."""
    assert begun.put is not None
    return requests.put(begun.put.url, data=content, headers=begun.put.headers, timeout=10)


def send(begun: Begun, content: bytes) -> None:
    """PUT the bytes of an upload, which must be taken."""
    answer = put(begun, content)
    assert answer.status_code == 200, answer.text


def arrive(library: Library, file: File) -> list[File]:
    """Hand the event of a file's content to the intake."""
    return library.intake.arrived(Arrival(file.owner_id, file.sha256, file.size))


def uploaded(
    library: Library, caller: Caller, filename: str, content: bytes, tags: tuple[str, ...] = ()
) -> File:
    """Bring a file in, through to its final state."""
    outcome = library.uploads.begin(caller, a_request(filename, content, tags=tags))
    assert isinstance(outcome, Begun)
    send(outcome, content)
    arrive(library, outcome.file)
    file = library.files.get(caller, outcome.file.id)
    assert file.status in {Status.READY, Status.FAILED, Status.REJECTED}
    return file


def stored(library: Library, file: File) -> bytes | None:
    """Return a file's bytes in the bucket, or None when there are none."""
    key = object_key(file.owner_id, file.sha256)
    size = library.bucket.size(key)
    return None if size is None else library.bucket.read_range(key, 0, size - 1)
