"""Admins set what may be uploaded: at once for uploads, over the settings' defaults, written down."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.allowances.models import AllowancesChanged
from chalicelib.allowances.service import LIFE
from chalicelib.aws.clients import Clients
from chalicelib.aws.meter import metered
from chalicelib.core.caller import Caller
from chalicelib.quotas.models import QuotaExceeded
from chalicelib.settings import Settings
from chalicelib.uploads.models import ExtensionNotAllowed, FileTooLarge
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request


@pytest.fixture
def other(settings: Settings, clients: Clients, clock: FakeClock) -> Library:
    """Return the same library in another process."""
    return build(settings, clients, clock)


@pytest.fixture(autouse=True)
def _as_before(library: Library, caller: Caller) -> "object":
    yield
    library.allowances.replace(caller, {}, None)


def test_a_change_holds_at_once_for_uploads_everywhere_and_soon_for_all_else(
    library: Library, other: Library, caller: Caller, clock: FakeClock
) -> None:
    before = other.allowances()
    after = library.allowances.replace(caller, {"sizes": {"document": 5}}, before.version)
    assert after == replace(before, sizes={**before.sizes, "document": 5}, version=before.version + 1)
    assert library.allowances() == after
    with pytest.raises(FileTooLarge) as refusal:
        library.uploads.begin(caller, a_request("a.txt", b"123456"))
    assert refusal.value.evidence["limit"] == 5
    clock.advance(LIFE - timedelta(seconds=1))
    assert other.allowances() == before
    with pytest.raises(FileTooLarge):
        other.uploads.begin(caller, a_request("a.txt", b"123456"))
    assert other.allowances() == after


def test_what_a_process_has_read_it_keeps_for_half_a_minute(
    library: Library, other: Library, caller: Caller, clock: FakeClock
) -> None:
    before = other.allowances()
    after = library.allowances.replace(caller, {"default_quota": 5}, None)
    clock.advance(LIFE - timedelta(seconds=1))
    assert other.allowances() == before
    clock.advance(timedelta(seconds=1))
    assert other.allowances() == after


def test_reading_it_costs_one_call_in_half_a_minute(other: Library, clock: FakeClock) -> None:
    with metered() as receipt:
        for _ in range(10):
            other.allowances()
        clock.advance(LIFE)
        other.allowances()
    assert receipt.calls == ["dynamodb.GetItem"] * 2


def test_what_is_left_out_goes_back_to_the_default(library: Library, caller: Caller) -> None:
    defaults = library.allowances.read()
    library.allowances.replace(caller, {"uploads_per_minute": 3, "extensions": ["txt"]}, None)
    with pytest.raises(ExtensionNotAllowed) as refusal:
        library.uploads.begin(caller, a_request("a.md"))
    assert refusal.value.evidence == {"allowed": ["txt"]}
    again = library.allowances.replace(caller, {"default_quota": 10}, None)
    assert (again.uploads_per_minute, again.extensions) == (defaults.uploads_per_minute, defaults.extensions)
    with pytest.raises(QuotaExceeded) as refused:
        library.uploads.begin(caller, a_request("a.md"))
    assert refused.value.evidence == {"limit": 10, "used": 0, "size": 12}


def test_two_admins_do_not_undo_each_other_unseen(library: Library, other: Library, caller: Caller) -> None:
    seen = library.allowances.read().version
    library.allowances.replace(caller, {"uploads_per_minute": 3}, seen)
    with pytest.raises(AllowancesChanged):
        other.allowances.replace(caller, {"uploads_per_minute": 4}, seen)
    assert library.allowances.replace(caller, {"uploads_per_minute": 3}, None).version == seen + 1
