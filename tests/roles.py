"""This process as one of the functions: under its role, which the embedded AWS enforces.

Handlers get their library from `wiring.library()`; here it is built with the credentials of a role.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import boto3

from chalicelib import wiring
from chalicelib.aws.clients import Clients
from chalicelib.core.clock import Clock, now


@dataclass(frozen=True)
class Roles:
    """The roles of one stack."""

    outputs: Mapping[str, str]
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)

    def enter(self, name: str) -> None:
        """Build this process's library under a role: "Api" is the output ApiRoleArn's."""
        wiring.library.cache_clear()
        if name not in self.sessions:
            self.sessions[name] = self._session(name)
        with _environment(self.sessions[name]):
            wiring.library().tables._client()  # the first client decides whose credentials all have
            if name == "Api":
                wiring.library().keys()  # as a warm function has them: budgets do not count them

    def library(self, name: str, clock: Clock = now) -> wiring.Library:
        """Return a library of its own under a role, with whatever time a test needs."""
        clients = Clients()
        with _environment(self.sessions.setdefault(name, self._session(name))):
            assert clients.dynamodb  # as above
        return wiring.build(wiring.Settings.from_environment(), clients, clock)

    @contextmanager
    def acting_as(self, name: str) -> Iterator[None]:
        """Be another function for a while, and the API afterwards."""
        self.enter(name)
        try:
            yield
        finally:
            self.enter("Api")

    def _session(self, name: str) -> dict[str, str]:
        arn = self.outputs[f"{name}RoleArn"]
        made = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
        }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
