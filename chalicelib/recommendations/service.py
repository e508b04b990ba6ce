"""Recommends files that go with one, out of what the caller may see, at a bounded cost.

Candidates are the nearest files in the caller's own lists, the files most lately shared with the caller, and, where the
file is another's, that owner's public files. Whatever is returned was read and its permissions judged just now.
"""

from dataclasses import dataclass

from chalicelib.catalogue.rules import Facet, facets
from chalicelib.core.caller import Caller
from chalicelib.files.access import is_shown_to_others, seen_by
from chalicelib.files.models import File, Permission, Seen
from chalicelib.files.rules import entry_of
from chalicelib.files.service import Files
from chalicelib.recommendations.neighbours import lists_of, neighbours, rarity_in
from chalicelib.recommendations.rules import Candidate, Rarity, Reasons, ranked, reasons
from chalicelib.sharing.received import Received

SHARED = 100
"""Files shared with the caller that are looked at."""
SPARE = 20
"""Candidates read beyond the number asked for, in case some have just gone."""
PUBLIC: Facet = ("visibility", "public")


@dataclass(frozen=True)
class Recommendation:
    """A file, what the caller may do with it, and why it is recommended."""

    seen: Seen
    why: Reasons


@dataclass(frozen=True)
class Recommendations:
    """The use case of finding what goes with a file."""

    files: Files
    received: Received

    def of(self, caller: Caller, file_id: str, *, limit: int) -> list[Recommendation]:
        """Return up to `limit` files that go with one; at most 16 calls, for another's file 20.

        Raises FileNotFound.
        """
        file = self.files.seen(caller, file_id).file
        about = _candidate(file, own=file.owner_id == caller.user_id)
        lists = self.files.catalogue.store.of(caller.user_id)
        rarity = rarity_in(lists, sorted(about.facets))
        shared = {one.file.id: one for one in self.received.find(caller, limit=SHARED).items}
        candidates = {one.file.id: _candidate(one.file, own=False) for one in shared.values()}
        candidates |= self._public(file) if not about.own else {}
        candidates |= neighbours(lists, about, lists_of(about, rarity.counts))
        best = ranked(about, candidates, rarity)[: limit + SPARE]
        present = {file.id: file for file in self.files.get_many([one.file_id for one, _ in best])}
        judged = [
            self._judged(caller, present[one.file_id], shared, about, rarity)
            for one, _ in best
            if one.file_id in present
        ]
        return [one for one in judged if one is not None][:limit]

    def _public(self, file: File) -> dict[str, Candidate]:
        """Return the public files of another's around a file of theirs."""
        theirs = self.files.catalogue.store.of(file.owner_id)
        found = neighbours(theirs, _candidate(file, own=False), [PUBLIC])
        return {file_id: Candidate(file_id, one.facets, own=False) for file_id, one in found.items()}

    def _judged(
        self, caller: Caller, file: File, shared: dict[str, Seen], about: Candidate, rarity: Rarity
    ) -> Recommendation | None:
        """Return a file with what the caller may do with it as it is now; None for what they may not see."""
        own = file.owner_id == caller.user_id
        granted = None if own else shared.get(file.id)
        seen = granted or seen_by(caller, file, None)
        if Permission.VIEW not in seen.held or not is_shown_to_others(file):
            return None
        why = reasons(about, _candidate(file, own=own), rarity)
        return Recommendation(seen, why) if why.score else None


def _candidate(file: File, *, own: bool) -> Candidate:
    return Candidate(file.id, frozenset(facets(entry_of(file))), own)
