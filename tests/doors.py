"""The API as a client sees it: real HTTP, JSON in and out."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from chalicelib.core.ids import new_id

PASSWORD = "correct horse battery staple"
SECONDS = 30


@dataclass(frozen=True)
class Door:
    """One client of the API."""

    base_url: str
    token: str | None = None
    email: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    seconds: float = SECONDS

    def __call__(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Send one request; redirects are not followed."""
        headers = arguments.pop("headers", {})
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}"} | headers
        return self.session.request(
            method,
            self.base_url + path,
            headers=headers,
            allow_redirects=False,
            timeout=self.seconds,
            **arguments,
        )

    def get(self, path: str, **arguments: Any) -> Any:
        """GET a path that answers 200, and return its JSON."""
        return self.ok("GET", path, 200, **arguments)

    def ok(self, method: str, path: str, status: int, **arguments: Any) -> Any:
        """Send a request that must answer with this status, and return its JSON."""
        answer = self(method, path, **arguments)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def refused(self, method: str, path: str, status: int, code: str, **arguments: Any) -> Any:
        """Send a request that must be refused so, and return the problem."""
        answer = self(method, path, **arguments)
        assert answer.headers["Content-Type"] == "application/problem+json", answer.text
        problem = answer.json()
        assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code), problem
        return problem

    def signed_up(self, name: str) -> "Door":
        """Return the door of a new account."""
        email = f"{name}-{new_id()}@example.org"
        self.ok("POST", "/v1/auth/register", 201, json={"email": email, "password": PASSWORD})
        return replace(self, email=email).signed_in()

    def signed_in(self) -> "Door":
        """Return the door with a fresh token."""
        return replace(self, token=self.pair()["access_token"])

    def pair(self, password: str = PASSWORD) -> Any:
        """Sign in once more, and return the tokens."""
        return self.ok("POST", "/v1/auth/login", 200, json={"email": self.email, "password": password})

    def upload(self, filename: str, content: bytes, **fields: str) -> Any:
        """Upload in a form, and return the file."""
        return self.ok("POST", "/v1/files", 201, files={"file": (filename, content)}, data=fields)

    def begin(self, filename: str, content: bytes, **fields: Any) -> Any:
        """Begin an upload, and return where its bytes go."""
        sha256 = hashlib.sha256(content).hexdigest()
        body = {"filename": filename, "size": len(content), "sha256": sha256, **fields}
        return self.ok("POST", "/v1/uploads", 201, json=body)


def put(begun: Any, content: bytes) -> requests.Response:
    """Send the bytes of an upload as its answer says."""
    return requests.put(begun["url"], data=content, headers=begun["headers"], timeout=SECONDS)
