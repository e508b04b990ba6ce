"""How the limits of a request stand, noted where one is taken and told by the door in header fields."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from chalicelib.limits.models import Standing

_noted: ContextVar[list[Standing] | None] = ContextVar("standings", default=None)


@contextmanager
def noted() -> Iterator[list[Standing]]:
    """Collect the standings of all limits taken inside the block, in this context."""
    standings: list[Standing] = []
    token = _noted.set(standings)
    try:
        yield standings
    finally:
        _noted.reset(token)


def note(standing: Standing) -> None:
    """Note how a limit stands; of the same limit, the last counts."""
    standings = _noted.get()
    if standings is not None:
        standings[:] = [one for one in standings if one.policy.name != standing.policy.name]
        standings.append(standing)
