"""Finds pictures that look like one: copies in other sizes and formats, recompressed, slightly cropped or retouched.

They are looked for by their perceptual hashes, among the caller's own pictures and those most lately shared with the
caller. Whatever is returned was read, compared and its permissions judged just now.
"""

from dataclasses import dataclass

from chalicelib.catalogue.looks import distance
from chalicelib.core.caller import Caller
from chalicelib.core.errors import Conflict
from chalicelib.files.access import seen_by
from chalicelib.files.models import File, Seen
from chalicelib.files.rules import look_of
from chalicelib.files.service import Files
from chalicelib.sharing.received import Received

SHARED = 100
"""Files shared with the caller that are looked at."""
SPARE = 20
"""Pictures read beyond the number asked for, in case some have just gone."""


class NothingToCompare(Conflict):
    """Only a picture that is ready, and shows something, can be compared with others."""

    code = "nothing_to_compare"


@dataclass(frozen=True)
class Likeness:
    """A file, what the caller may do with it, and in how many of 64 bits its picture differs."""

    seen: Seen
    distance: int

    @property
    def rank(self) -> tuple[int, str]:
        """Return its place, more is better: the most alike first, of equals the newest."""
        return -self.distance, self.seen.file.id


@dataclass(frozen=True)
class Similar:
    """The use case of finding pictures that look alike."""

    files: Files
    received: Received

    def to(self, caller: Caller, file_id: str, *, most: int, limit: int) -> list[Likeness]:
        """Return up to `limit` pictures that differ in at most `most` bits, the most alike first; at most 22 calls.

        Raises FileNotFound, NothingToCompare.
        """
        file = self.files.seen(caller, file_id).file
        look = look_of(file)
        if not look:
            raise NothingToCompare(
                "Only pictures that are ready can be compared, and only if they show more than one colour.",
                file_status=file.status.value,
            )
        near = self.files.catalogue.alike(caller.user_id, look, most)
        best = sorted(near, key=lambda one: (near[one], one))[: limit + SPARE]
        own = [seen_by(caller, one, None) for one in self.files.get_many(best)]
        others = [*own, *self.received.find(caller, limit=SHARED).items]
        compared = [Likeness(one, distance(look, look_of(one.file))) for one in others if _is_there(one.file)]
        found = [one for one in compared if one.distance <= most and one.seen.file.id != file.id]
        return sorted(found, key=lambda one: one.rank, reverse=True)[:limit]


def _is_there(file: File) -> bool:
    return bool(look_of(file)) and file.trashed_at is None
