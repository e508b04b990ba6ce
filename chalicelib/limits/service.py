"""Limits: take one of what may be done, or be refused.

    limits.take("uploads", caller.user_id)     counts one upload; raises RateExceeded

A check is one UpdateItem, made before the limited work, so that parallel requests cannot pass together what each
of them alone might. How the limits of a request stand is noted for the door, which tells it in header fields.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from chalicelib.aws.table import Write
from chalicelib.core.clock import Clock
from chalicelib.limits.models import Policy, RateExceeded, Standing
from chalicelib.limits.rules import window
from chalicelib.limits.store import CounterStore

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


@dataclass(frozen=True)
class Limits:
    """Counts against policies. A subject is whose count it is: a user's id, an address, or both."""

    store: CounterStore
    clock: Clock
    policies: Mapping[str, Policy]

    def take(self, name: str, subject: str, *, told: bool = True) -> None:
        """Count one; raises RateExceeded when the quota of this window is used up. One call.

        `told=False` keeps it out of the header fields: for limits of whose subject the caller must not learn.
        """
        policy = self.policies[name]
        number, resets_in = window(policy, self.clock())
        try:
            count = self.store.count(policy, subject, number, refused=_exceeded(policy, resets_in))
        except RateExceeded:
            _note(Standing(policy, 0, resets_in))
            raise
        if told:
            _note(Standing(policy, max(0, policy.quota - count), resets_in))

    def has_room(self, name: str, subject: str) -> bool:
        """Count one and tell whether there was room, in no header field: for limits that callers must not see."""
        policy = self.policies[name]
        number, resets_in = window(policy, self.clock())
        try:
            self.store.count(policy, subject, number, refused=_exceeded(policy, resets_in))
        except RateExceeded:
            return False
        return True

    def forget(self, name: str, subject: str) -> Write:
        """Return the write with which the present window's count starts again."""
        policy = self.policies[name]
        return self.store.forget(policy, subject, window(policy, self.clock())[0])


def _note(standing: Standing) -> None:
    standings = _noted.get()
    if standings is not None:
        standings.append(standing)


def _exceeded(policy: Policy, resets_in: int) -> RateExceeded:
    return RateExceeded(
        f"At most {policy.quota} times in {policy.seconds} seconds. Try again in {resets_in} seconds.",
        retry_after=resets_in,
        limit=policy.name,
    )
