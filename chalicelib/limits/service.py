"""Limits: take one of what may be done, or be refused.

    limits.take("login", address)              counts one sign-in; raises RateExceeded
    limits.turn("uploads", caller.user_id)     reads and counts along with other reads and writes

Taking is one UpdateItem, made before the limited work, so that parallel requests cannot pass together what each of
them alone might. A turn costs no call: its counter is read with whatever is read anyway, and counted in the
transaction of what is limited, so what is refused does not count. How the limits of a request stand is noted for the
door, which tells it in header fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.aws.table import Item, Key, Write
from chalicelib.core.clock import Clock
from chalicelib.limits.models import Policy, RateExceeded, Standing
from chalicelib.limits.rules import window
from chalicelib.limits.standings import note
from chalicelib.limits.store import CounterStore


@dataclass(frozen=True)
class Turn:
    """One use of a limit, counted in the transaction of what is limited."""

    store: CounterStore
    policy: Policy
    subject: str
    window: int
    resets_in: int

    @property
    def place(self) -> tuple[str, Key]:
        """Return where the counter is."""
        return self.store.table, self.store.key(self.policy, self.subject, self.window)

    def of(self, quota: int) -> "Turn":
        """Return the same turn where there are this many in a window."""
        return replace(self, policy=replace(self.policy, quota=quota))

    def check(self, counter: Item | None) -> int:
        """Return how many there were, given the counter as it was read; raises RateExceeded when used up."""
        count = int(counter["n"]) if counter else 0
        self.tell(self.policy.quota - count)
        if count >= self.policy.quota:
            raise self.refusal()
        return count

    def count(self) -> Write:
        """Return the write that counts one more; refused with RateExceeded."""
        return self.store.one_more(self.policy, self.subject, self.window, refused=self.refusal())

    def tell(self, remaining: int) -> None:
        """Note for the door how many are left."""
        note(Standing(self.policy, max(0, remaining), self.resets_in))

    def refusal(self) -> RateExceeded:
        """Return the refusal."""
        return _exceeded(self.policy, self.resets_in)


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
            note(Standing(policy, 0, resets_in))
            raise
        if told:
            note(Standing(policy, max(0, policy.quota - count), resets_in))

    def has_room(self, name: str, subject: str) -> bool:
        """Count one and tell whether there was room, in no header field: for limits that callers must not see."""
        policy = self.policies[name]
        number, resets_in = window(policy, self.clock())
        try:
            self.store.count(policy, subject, number, refused=_exceeded(policy, resets_in))
        except RateExceeded:
            return False
        return True

    def turn(self, name: str, subject: str) -> Turn:
        """Return a turn in the present window; no call."""
        policy = self.policies[name]
        return Turn(self.store, policy, subject, *window(policy, self.clock()))

    def forget(self, name: str, subject: str) -> Write:
        """Return the write with which the present window's count starts again."""
        policy = self.policies[name]
        return self.store.forget(policy, subject, window(policy, self.clock())[0])


def _exceeded(policy: Policy, resets_in: int) -> RateExceeded:
    return RateExceeded(
        f"At most {policy.quota} times in {policy.seconds} seconds. Try again in {resets_in} seconds.",
        retry_after=resets_in,
        limit=policy.name,
    )
