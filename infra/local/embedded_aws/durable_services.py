"""The state of all services but DynamoDB, SQS and S3 objects: configuration, secrets, identities, roles.

After a call that may change something, the module's own `get_state()` is written if it differs from what is
in the journal; a sweep two seconds later catches changes made in other services (CloudFormation,
notifications).
"""

import hashlib
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from .emulator import Answer, Module, Record
from .journal import Journal, dumps

logger = logging.getLogger(__name__)

READ_PREFIXES = ("Get", "List", "Describe", "BatchGet", "Head")
READS = frozenset(
    {
        "Encrypt",
        "Decrypt",
        "ReEncrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateRandom",
        "Sign",
        "Verify",
        "GenerateMac",
        "VerifyMac",
        "AssumeRole",
        "AssumeRoleWithWebIdentity",
        "AssumeRoleWithSAML",
        "SendEmail",
        "SendRawEmail",
        "SendTemplatedEmail",
        "SendBulkTemplatedEmail",
        "Publish",
        "PublishBatch",
        "PutEvents",
    }
)
READ_PATHS = ("/invocations", "/outbound-emails", "/outbound-bulk-emails")
# State that grows with use and is worth little after a crash: kept on a clean shutdown only.
SAVED_ON_SHUTDOWN_ONLY = frozenset(
    {"cloudwatch", "cloudwatch_logs", "cloudtrail", "kinesis", "firehose", "stepfunctions"}
)
DURABLE_ELSEWHERE = frozenset({"dynamodb", "sqs"})
SWEEP_DELAY, SWEEP_IDLE = 2.0, 30.0  # seconds

type Handler = Callable[[str, str, dict[str, str], bytes, Record], Awaitable[Answer]]


class UnreadableStateError(Exception):
    """The journal holds a state that the service does not take back."""


def _action(headers: dict[str, str], body: bytes, query_params: Record) -> str:
    """The name of the call, for the protocols that name it in a header, the form or the query."""
    target = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if target:
        return target
    if body[:7] == b"Action=":
        return body[7:].split(b"&", 1)[0].decode("ascii", "replace")
    return str((query_params.get("Action") or [""])[0])


def may_change(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, query_params: Record
) -> bool:
    """Whether a call may have changed the configuration of its service."""
    if method in ("GET", "HEAD", "OPTIONS") or service in SAVED_ON_SHUTDOWN_ONLY:
        return False
    if service == "s3":
        return "/" not in path.strip("/")  # objects are durable by themselves; this is about buckets
    action = _action(headers, body, query_params)
    if action:
        return action not in READS and not action.startswith(READ_PREFIXES)
    return not path.endswith(READ_PATHS)


class DurableServices:
    """Writes and restores the state of the services that `ministack.app` has loaded."""

    def __init__(
        self,
        app: Module,
        journal: Journal,
        encode: Callable[[object], object],
        decode: Callable[[Record], object],
    ) -> None:
        self._app, self._journal, self._encode, self._decode = app, journal, encode, decode
        self._state_keys: dict[str, str] = {}
        for key, module in app._state_map.items():
            self._state_keys.setdefault(module, key)
        self._siblings: dict[str, set[str]] = {}  # a service's handler may be shared with its sub-modules
        for config in app.SERVICE_REGISTRY.values():
            family = {config["module"], *config.get("sub_modules", ())}
            self._siblings.setdefault(config["module"], set()).update(family)
        self._digests: dict[str, bytes] = {}
        self.dirty: set[str] = set()  # modules to look at before the reply
        self.sweep_at = time.monotonic() + SWEEP_IDLE

    def install(self) -> None:
        """Watch the requests of every service from the moment it is loaded."""
        get_module = self._app._get_module

        def watched_get_module(name: str) -> Module:
            fresh = name not in self._app._loaded_modules
            module = get_module(name)
            if fresh and name not in DURABLE_ELSEWHERE and hasattr(module, "handle_request"):
                module.handle_request = self._watch(name, module.handle_request)
            return module

        self._app._get_module = watched_get_module

    def _watch(self, service: str, handle_request: Handler) -> Handler:
        async def watched(
            method: str, path: str, headers: dict[str, str], body: bytes, query_params: Record
        ) -> Answer:
            answer = await handle_request(method, path, headers, body, query_params)
            if service == "cloudformation":  # its stacks are built by threads, in any service
                self.sweep()
            elif may_change(service, method, path, headers, body, query_params):
                self.dirty |= self._siblings.get(service, {service})
                self.sweep_at = min(self.sweep_at, time.monotonic() + SWEEP_DELAY)
            return answer

        return watched

    def write_dirty(self) -> None:
        """Write the services that a call may have changed."""
        while self.dirty:
            self._write_module(self.dirty.pop())

    def sweep(self, *, everything: bool = False) -> None:
        """Look at every loaded service; again soon while there are changes, else in half a minute."""
        skipped = DURABLE_ELSEWHERE if everything else DURABLE_ELSEWHERE | SAVED_ON_SHUTDOWN_ONLY
        changes = [self._write_module(name) for name in self._app._state_map.values() if name not in skipped]
        self.sweep_at = time.monotonic() + (SWEEP_DELAY if any(changes) else SWEEP_IDLE)

    def forget(self) -> None:
        """MiniStack was reset: nothing is known to be written."""
        self._digests.clear()

    def load(self) -> int:
        """Restore every service that has a row; their number. `UnreadableStateError` if one can not be."""
        count = 0
        for key, module_name in self._app._state_map.items():
            for _name, text in self._journal.states(f"service/{key}"):
                self._load_module(module_name, text)
                count += 1
        return count

    def _load_module(self, module_name: str, text: str) -> None:
        try:
            state = json.loads(text, object_hook=self._decode)
            self._app._get_module(module_name).load_persisted_state(state)
        except Exception as error:  # going on without it would overwrite it
            raise UnreadableStateError(
                f"the stored state of {module_name} can not be read: {error}"
            ) from error

    def _write_module(self, module_name: str) -> bool:
        """Write a service if its state differs from its row; whether it did."""
        module: Any = self._app._loaded_modules.get(module_name) or sys.modules.get(
            f"ministack.services.{module_name}"
        )
        key = self._state_keys.get(module_name)
        if module is None or key is None or not hasattr(module, "get_state"):
            return False
        text = self._state_text(module, module_name)
        if text is None:
            return False
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if self._digests.get(key) == digest:
            return False
        self._journal.put_state(f"service/{key}", text)
        self._digests[key] = digest
        return True

    def _state_text(self, module: Module, module_name: str) -> str | None:
        try:
            state = module.get_state()
            return None if state is None else dumps(state, self._encode)
        except Exception:  # a thread of that service may be changing it: the sweep comes back
            logger.exception("state of %s could not be written", module_name)
            self.sweep_at = time.monotonic() + SWEEP_DELAY
            return None
