"""Guessing is stopped; the owner is not."""

import contextlib
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.accounts.models import Account, CredentialsWrong
from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.core.caller import Origin
from chalicelib.core.ids import new_id
from chalicelib.limits.models import RateExceeded
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from infra.local.embedded_aws.process import EmbeddedAws
from tests.conftest import FakeClock
from tests.mailbox import mails_to, token_in

PASSWORD = "correct horse battery"
HOME = Origin("203.0.113.7", "pytest", "request-1")


@pytest.fixture
def library(settings: Settings, clients: Clients, clock: FakeClock) -> Library:
    clock.moment = clock.moment.replace(minute=0, second=0) + timedelta(
        hours=1
    )  # a window that has not expired
    return build(replace(settings, rates={}), clients, clock)


@pytest.fixture
def home() -> Origin:
    return Origin(f"home-{new_id()}")


@pytest.fixture
def account(library: Library, home: Origin) -> Account:
    return library.accounts.register(f"ana-{new_id()}@example.org", PASSWORD, "Ana", home)


def refusals(library: Library, email: str, origin: Origin, times: int) -> list[type[Exception]]:
    found: list[type[Exception]] = []
    for _ in range(times):
        try:
            library.sessions.log_in(email, "wrong password", origin)
        except (CredentialsWrong, RateExceeded) as error:
            found.append(type(error))
    return found


def test_who_guesses_from_one_address_is_stopped_after_ten_tries(
    library: Library, account: Account, home: Origin
) -> None:
    thief = Origin(f"thief-{new_id()}")
    assert refusals(library, account.email, thief, 12) == [CredentialsWrong] * 10 + [RateExceeded] * 2
    with pytest.raises(RateExceeded):
        library.sessions.log_in(account.email, PASSWORD, thief)
    assert library.sessions.log_in(account.email, PASSWORD, home)


def test_who_guesses_from_everywhere_is_stopped_and_the_owner_is_not(
    library: Library, account: Account, home: Origin, aws: EmbeddedAws
) -> None:
    library.sessions.log_in(account.email, PASSWORD, home)
    elsewhere = [Origin(f"{number}-{new_id()}") for number in range(11)]
    tried = [outcome for origin in elsewhere for outcome in refusals(library, account.email, origin, 10)]
    assert (
        tried == [CredentialsWrong] * 99 + [RateExceeded] * 11
    )  # the owner's first sign-in was the hundredth
    assert library.sessions.log_in(account.email, PASSWORD, home)

    abroad = Origin(f"hotel-{new_id()}")
    with pytest.raises(RateExceeded):
        library.sessions.log_in(account.email, PASSWORD, abroad)
    library.mailing.send_reset(account.email)
    token = token_in(mails_to(aws, account.email)[-1])
    library.accounts.confirm_reset(token, "another horse entirely", abroad)
    assert library.sessions.log_in(account.email, "another horse entirely", abroad)


def test_the_owner_who_remembers_in_time_starts_again(
    library: Library, account: Account, home: Origin
) -> None:
    for _ in range(3):
        assert refusals(library, account.email, home, 9) == [CredentialsWrong] * 9
        library.sessions.log_in(account.email, PASSWORD, home)


def test_one_address_does_not_try_one_account_after_the_other(library: Library) -> None:
    thief = Origin(f"thief-{new_id()}")
    outcomes = [refusals(library, f"{new_id()}@example.org", thief, 1)[0] for _ in range(61)]
    assert outcomes == [CredentialsWrong] * 60 + [RateExceeded]


def test_resets_are_mailed_three_times_an_hour_and_answered_alike(
    library: Library, account: Account, home: Origin
) -> None:
    with metered() as receipt:
        for _ in range(5):
            library.accounts.request_reset(account.email, home)
    assert receipt.calls.count("sqs.SendMessage") == 3


@pytest.mark.parametrize(
    ("limited", "quota"),
    [
        (lambda library, origin: library.accounts.request_reset(f"{new_id()}@example.org", origin), 20),
        (lambda library, origin: library.accounts.verify_email("a.b.c", origin), 60),
        (
            lambda library, origin: library.accounts.register(
                f"{new_id()}@example.org", PASSWORD, None, origin
            ),
            20,
        ),
    ],
    ids=["reset", "confirm", "register"],
)
def test_an_address_is_stopped(
    library: Library, limited: Callable[[Library, Origin], object], quota: int
) -> None:
    origin = Origin(f"thief-{new_id()}")
    passed = 0
    for _ in range(quota + 1):
        try:
            limited(library, origin)
        except RateExceeded:
            break
        except Exception:  # noqa: BLE001 - a made-up token is refused, and counts
            passed += 1
        else:
            passed += 1
    assert passed == quota


def steps_and_milliseconds(ask: Callable[[], object]) -> tuple[list[str], float]:
    started = time.perf_counter()
    with metered() as receipt, contextlib.suppress(CredentialsWrong):
        ask()
    return receipt.calls, (time.perf_counter() - started) * 1000


@pytest.mark.parametrize("what", ["login", "reset"])
def test_neither_steps_nor_time_tell_whether_an_account_exists(
    settings: Settings, clients: Clients, what: str
) -> None:
    real = build(replace(settings, argon2_memory_kib=65_536, rates={}), clients)
    times: dict[bool, list[float]] = {True: [], False: []}
    steps: dict[bool, list[list[str]]] = {True: [], False: []}
    for _ in range(16):
        for exists in (True, False):
            email, origin = f"{new_id()}@example.org", Origin(f"home-{new_id()}")
            if exists:
                real.accounts.register(email, PASSWORD, None, origin)
            asks = {
                "login": lambda e=email, o=origin: real.sessions.log_in(e, "wrong password", o),
                "reset": lambda e=email, o=origin: real.accounts.request_reset(e, o),
            }
            calls, milliseconds = steps_and_milliseconds(asks[what])
            steps[exists].append(calls)
            times[exists].append(milliseconds)
    assert steps[True] == steps[False]
    # Each pair was measured one after the other: what else the machine does meets both alike.
    ratio = statistics.median(there / none for there, none in zip(times[True], times[False], strict=True))
    assert 0.6 < ratio < 1.7, times
