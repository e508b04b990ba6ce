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
from chalicelib.settings import Settings
from tests.aws_clients import own_session


@dataclass(frozen=True)
class Roles:
    """The roles of one stack."""

    outputs: Mapping[str, str]
    clients: dict[str, Clients] = field(default_factory=dict)
    """Made once for each role, as a function makes them once: to make them takes longer than most tests."""

    def enter(self, name: str) -> None:
        """Build this process's library under a role: "Api" is the output ApiRoleArn's."""
        library = self.library(name)
        if name == "Api":
            library.keys()  # as a warm function has them: budgets do not count them
        wiring.adopt(library)

    def library(self, name: str, clock: Clock = now) -> wiring.Library:
        """Return a library of its own under a role, with whatever time a test needs."""
        if name not in self.clients:
            made = Clients(own_session())
            with environment(self._session(name)):
                assert made.dynamodb  # the first client decides whose credentials all have
            self.clients[name] = made
        return wiring.build(Settings.from_environment(), self.clients[name], clock)

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
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Have more in the environment for a while."""
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
