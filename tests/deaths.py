"""Processes that die between two of their calls to AWS: before the call took effect, or just after.

`DyingClients` belong to a process that ends without a word (nothing catches `Died`), counted by changing calls;
`MortalClients` to a worker whose every call may be the last, counted by requests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.clients import Clients
from tests.aws_clients import own_session

_CHANGING = {
    *("transact_write_items", "update_item", "send_message", "put_object", "delete_object", "copy_object"),
    *("create_multipart_upload", "upload_part", "complete_multipart_upload", "abort_multipart_upload"),
}


class Died(BaseException):
    """The process ends here."""


@dataclass
class Death:
    """When a process dies: at which of its changing calls, before or after it took effect."""

    at: int
    after: bool

    def call(self, method: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self.at -= 1
        if self.at == 0 and not self.after:
            raise Died
        answer = method(*arguments, **named)
        if self.at == 0:
            raise Died
        return answer


class _DyingClient:
    """A boto3 client in a process that is about to die."""

    def __init__(self, client: Any, death: Death) -> None:
        self._client, self._death = client, death

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in _CHANGING:
            return found
        return lambda *arguments, **named: self._death.call(found, *arguments, **named)


class DyingClients(Clients):
    """The clients of a process that is about to die."""

    def __init__(self, clients: Clients, death: Death) -> None:
        super().__init__()
        for name in ("dynamodb", "s3", "sqs"):
            self.__dict__[name] = _DyingClient(getattr(clients, name), death)


class WorkerDied(Exception):
    """Nothing that the worker does any more has an effect."""


class MortalClients(Clients):
    """AWS for a worker that dies at its n-th call: before the call took effect, or just after."""

    def __init__(self, at: int, *, after: bool) -> None:
        super().__init__(own_session())
        self._left, self._after = at, after
        self._session.events.register("before-call", self._before)
        self._session.events.register("after-call", self._afterwards)

    def _before(self, **_: Any) -> None:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._after):
            raise WorkerDied

    def _afterwards(self, **_: Any) -> None:
        if self._left == 0:
            raise WorkerDied
