"""The library's API: signed in, patient with a busy or a broken line, honest about refusals."""

import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import requests

from mediatheque_client.memory import Memory

TRIES = 6
SECONDS = 60
PASSING = {429, 500, 502, 503, 504}
UNAUTHORIZED, CONFLICT = 401, 409


class Refused(Exception):
    """The library says no; `problem` is its reason."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or "refused")
        self.problem = problem

    @property
    def code(self) -> str:
        """Return the stable code of the refusal."""
        return str(self.problem.get("code", "unknown"))


class NotSignedIn(Exception):
    """There is no sign-in, or it has ended."""


class Unreachable(Exception):
    """The library does not answer."""


def retried(
    attempt: Callable[[], requests.Response], pause: Callable[[float], None] = time.sleep
) -> requests.Response:
    """Send a request until it is answered with something that lasts. Raises Unreachable."""
    for turn in range(TRIES):
        try:
            answer = attempt()
        except (requests.ConnectionError, requests.Timeout) as error:
            if turn == TRIES - 1:
                raise Unreachable(f"No answer after {TRIES} tries: {error}") from error
            pause(random.uniform(0, 0.5 * 2**turn))
            continue
        if not _passing(answer) or turn == TRIES - 1:
            return answer
        pause(float(answer.headers.get("Retry-After") or random.uniform(0, 0.5 * 2**turn)))
    raise AssertionError("every try ends in an answer or an error")


def _passing(answer: requests.Response) -> bool:
    return answer.status_code in PASSING or (
        answer.status_code == CONFLICT and "request_in_progress" in answer.text
    )


class Api:
    """One library as one user; threads may share it."""

    def __init__(self, url: str, sign_ins: Memory, token: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._sign_ins = sign_ins
        self._fixed = token
        self._session = requests.Session()

    @property
    def url(self) -> str:
        """Return the library's address."""
        return self._url

    def sign_in(self, email: str, password: str) -> None:
        """Sign in and remember it. Raises Refused."""
        pair = self._checked(
            self._send("POST", "/v1/auth/login", None, {"email": email, "password": password})
        )
        self._keep(pair)

    def sign_out(self) -> None:
        """End the session and forget it."""
        self.call("POST", "/v1/auth/logout")
        self._sign_ins.put(self._url, None)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and return the JSON of its answer. Raises Refused, NotSignedIn, Unreachable.

        Requests that create carry an Idempotency-Key, so that sending one again makes no second thing.
        """
        key = str(uuid.uuid4())
        answer = self._send(method, path, self._access_token(), body, key)
        if answer.status_code == UNAUTHORIZED and not self._fixed:
            used = answer.request.headers["Authorization"].removeprefix("Bearer ")
            answer = self._send(method, path, self._renewed(used), body, key)
        return self._checked(answer)

    def _access_token(self) -> str:
        return self._fixed or self._pair()["access_token"]

    def _renewed(self, used: str) -> str:
        """Return another access token. A refresh token is good once: threads and runs of the command take turns."""
        with self._sign_ins.alone():
            pair = self._pair()
            if pair["access_token"] != used:
                return pair["access_token"]
            body = {"refresh_token": pair["refresh_token"]}
            answer = self._send("POST", "/v1/auth/refresh", None, body)
            if answer.status_code == UNAUTHORIZED:
                self._sign_ins.put(self._url, None)
                raise NotSignedIn("The sign-in has ended: mediatheque login")
            self._keep(self._checked(answer))
            return self._pair()["access_token"]

    def _pair(self) -> dict[str, str]:
        pair: dict[str, str] | None = self._sign_ins.get(self._url)
        if pair is None:
            raise NotSignedIn("Sign in first: mediatheque login")
        return pair

    def _keep(self, pair: Any) -> None:
        self._sign_ins.put(self._url, {name: pair[name] for name in ("access_token", "refresh_token")})

    def _send(
        self, method: str, path: str, token: str | None, body: Any = None, key: str | None = None
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key and method == "POST":
            headers["Idempotency-Key"] = key
        return retried(
            lambda: self._session.request(
                method, self._url + path, json=body, headers=headers, timeout=SECONDS, allow_redirects=False
            )
        )

    def _checked(self, answer: requests.Response) -> Any:
        if answer.status_code == UNAUTHORIZED and answer.request.url != f"{self._url}/v1/auth/login":
            raise NotSignedIn("The token is not taken: mediatheque login")
        if answer.ok:
            return answer.json() if answer.content else None
        try:
            raise Refused(answer.json())
        except requests.JSONDecodeError:
            raise Refused({"code": f"http_{answer.status_code}", "detail": answer.reason}) from None
