"""Who is root: one generated key pair in a file that only its owner may read, and nobody else.

As shipped, MiniStack takes three kinds of access keys for root (the configured one, the word "test" and every
number of twelve digits), checks the signature of none of them, lets anonymous callers list and create
buckets, and lets anybody wipe everything by `POST /_ministack/reset`, which any web page could send to a
server on this machine. With `AUTH=true` this module closes these doors: only the generated key is root, its
signatures are verified like those of any other key, and MiniStack's own pages (`/_ministack/...`: sent
mail, reset) ask for the root credentials by HTTP Basic authentication. Health checks stay open.
"""

import base64
import hmac
import json
import os
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, NamedTuple

from .emulator import Module

FILE_NAME = "root-credentials.json"
OPEN_PAGES = frozenset({"/_ministack/health", "/_ministack/ready"})
# Only S3 takes anonymous calls (a bucket's policy decides); these two have no bucket with a policy yet.
NEVER_ANONYMOUS = frozenset({"s3:ListAllMyBuckets", "s3:CreateBucket"})

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class RootCredentials(NamedTuple):
    """The key pair that may do everything in this embedded AWS."""

    access_key_id: str
    secret_access_key: str

    def basic_authorization(self) -> str:
        """The value of the Authorization header for MiniStack's own pages."""
        return "Basic " + base64.b64encode(":".join(self).encode()).decode()


def _random_letters(count: int) -> str:
    return base64.b32encode(secrets.token_bytes(count)).decode()[:count]


def root_credentials(folder: Path) -> RootCredentials:
    """The key pair of the state folder; made there with mode 0600 when the folder is new."""
    path = folder / FILE_NAME
    if not path.exists():
        made = {"access_key_id": "AKIA" + _random_letters(16), "secret_access_key": secrets.token_urlsafe(30)}
        unfinished = path.with_suffix(f".{os.getpid()}.tmp")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(made, file)
        unfinished.replace(path)
    return RootCredentials(**json.loads(path.read_text()))


def install_root(evaluator: Module, sts: Module, root: RootCredentials) -> None:
    """Make `root` the only root of `ministack.core.iam_evaluator`; call after the environment names it."""

    def is_root(access_key_id: str) -> bool:
        return not access_key_id or access_key_id == root.access_key_id

    evaluator.is_root_access_key = sts.is_root_access_key = is_root
    # Under this name MiniStack asks whether it may skip the signature: only for calls inside the process.
    evaluator._is_root_key = lambda access_key_id: not access_key_id
    enforce = evaluator.enforce

    def enforce_for_named_callers(access_key_id: str, iam_action: str, *args: Any, **kwargs: Any) -> Any:
        if iam_action in NEVER_ANONYMOUS and evaluator._anonymous.get():
            return evaluator.AuthError("AccessDenied", "Access Denied")
        return enforce(access_key_id, iam_action, *args, **kwargs)

    evaluator.enforce = enforce_for_named_callers


def guard_pages(inner: Application, root: RootCredentials) -> Application:
    """Let only root see MiniStack's own pages."""
    expected = root.basic_authorization().encode()

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if not path.startswith("/_ministack/") or path in OPEN_PAGES or _given(scope, expected):
            await inner(scope, receive, send)
            return
        headers = [(b"www-authenticate", b'Basic realm="embedded AWS"'), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b"Sign in with the root access key and secret.\n"})

    return application


def _given(scope: Scope, expected: bytes) -> bool:
    given = (value for name, value in scope.get("headers", ()) if name.lower() == b"authorization")
    return hmac.compare_digest(next(given, b""), expected)
