"""The service itself: is it there, which version, is it well.

Plain dataclasses: who watches the service asks new processes, too, and should not wait for pydantic.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib import VERSION
from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.request import Call
from chalicelib.core.log import log

route = Routes("Service")


@dataclass(frozen=True)
class Pong:
    """The service is there."""

    message: str = "pong"


@dataclass(frozen=True)
class Version:
    """Which code is running."""

    name: str
    version: str
    commit: str


@dataclass(frozen=True)
class Dependency:
    """One thing that the service needs, and whether it answers."""

    name: str
    ok: bool
    milliseconds: float


@dataclass(frozen=True)
class Health:
    """Whether everything that the service needs answers."""

    ok: bool
    dependencies: list[Dependency]


@route("GET /ping", who=Who.ANYONE, returns=Pong, summary="Is it there")
def ping(call: Call) -> Pong:  # noqa: ARG001 - every view gets the call
    return Pong()


@route("GET /version", who=Who.ANYONE, returns=Version, summary="Which version")
def version(call: Call) -> Version:
    return Version(name="mediatheque", version=VERSION, commit=call.library.settings.commit)


@route("GET /health", who=Who.ANYONE, returns=Health, also={503: Health}, summary="Is it well")
def health(call: Call) -> Answer:
    rows = [_check(name, ask) for name, ask in call.library.dependencies().items()]
    ok = all(row.ok for row in rows)
    return Answer(Health(ok=ok, dependencies=rows), status=200 if ok else 503)


def _check(name: str, ask: Callable[[], object]) -> Dependency:
    started = time.perf_counter()
    try:
        ask()
    except Exception:  # noqa: BLE001 - whatever it is, the dependency is not well
        log.exception("dependency does not answer", extra={"dependency": name})
        ok = False
    else:
        ok = True
    return Dependency(name=name, ok=ok, milliseconds=round((time.perf_counter() - started) * 1000, 1))
