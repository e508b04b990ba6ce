"""Dead letters are looked at by admins, and sent again when what was in their way is gone.

Looking hides a message from others for some seconds, as SQS has it; sending one again puts it into its own queue
before it is taken from the dead ones, so a crash between the two sends it twice, which every handler bears.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.audit.service import Audit
from chalicelib.aws.queue import Message, Queue
from chalicelib.aws.table import Tables
from chalicelib.core.caller import Caller

LOOKED_AT_SECONDS = 10
SENT_AGAIN_SECONDS = 30
BODY_SHOWN = 2000


@dataclass(frozen=True)
class Lane:
    """A queue, and where its dead letters are."""

    queue: Queue
    dead: Queue


@dataclass(frozen=True)
class Letter:
    """A message that failed five times; its body is cut to 2,000 characters."""

    id: str
    lane: str
    body: str
    received: int
    sent_at: float


@dataclass(frozen=True)
class Depth:
    """About how many messages of a lane wait, are being worked on, and have failed five times."""

    waiting: int
    running: int
    failed: int


@dataclass(frozen=True)
class DeadLetters:
    """The use cases of dead letters, for admins; the caller's role has been checked."""

    lanes: Mapping[str, Lane]
    tables: Tables
    audit: Audit

    def depths(self) -> dict[str, Depth]:
        """Return how full the lanes are; two calls each."""
        return {name: Depth(*lane.queue.depth(), sum(lane.dead.depth())) for name, lane in self.lanes.items()}

    def look(self, lane: str | None, limit: int) -> list[Letter]:
        """Return up to `limit` dead letters of a lane, or of all; who looks at once again may miss some."""
        found: list[Letter] = []
        for name in [lane] if lane else list(self.lanes):
            messages = self._taken(self.lanes[name].dead, limit - len(found), LOOKED_AT_SECONDS)
            found += [Letter(m.id, name, m.body[:BODY_SHOWN], m.received, m.sent_at) for m in messages]
        return found

    def send_again(self, caller: Caller, lane: str | None, limit: int) -> int:
        """Send up to `limit` dead letters of a lane, or of all, to their queues again; return how many.

        That it begins is logged first, how many were sent at its end: messages and the log share no transaction.
        """
        names = [lane] if lane else list(self.lanes)
        self._note("jobs.redrive", caller, names, limit=limit)
        sent = 0
        for name in names:
            lane_ = self.lanes[name]
            for message in self._taken(lane_.dead, limit - sent, SENT_AGAIN_SECONDS):
                lane_.queue.send(message.body)
                lane_.dead.delete(message)
                sent += 1
        self._note("jobs.redriven", caller, names, sent=sent)
        return sent

    def _note(self, action: str, caller: Caller, names: Sequence[str], **details: object) -> None:
        who, target = caller.user_id, ",".join(names)
        entry = self.audit.entry(action, owner=who, actor=who, target=target, origin=caller.origin, **details)
        self.tables.commit([entry])

    def _taken(self, queue: Queue, most: int, hidden_seconds: int) -> list[Message]:
        taken: dict[str, Message] = {}
        while len(taken) < most:
            more = queue.receive(most - len(taken), hidden_seconds=hidden_seconds)
            taken |= {message.id: message for message in more}
            if not more:
                break
        return list(taken.values())
