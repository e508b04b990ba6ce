from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.caller import Origin
from chalicelib.sharing.models import Link, LinkExpired, LinkLocked, LinkUsedUp
from chalicelib.sharing.rules import (
    blurred,
    check_open,
    check_unlocked,
    new_token,
    streams_freely,
    token_hash,
    unlocked,
)

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LINK = Link("link", "hash", "file", "owner", NOW, password_hash="$argon2id$1")
SECRET = b"s" * 32


def test_tokens_differ_and_hold_144_bits() -> None:
    tokens = {new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {24}
    assert len({token_hash(token) for token in tokens}) == 1000


def test_a_link_ends_at_its_moment_and_not_before() -> None:
    link = replace(LINK, expires_at=NOW)
    check_open(link, NOW - timedelta(milliseconds=1))
    with pytest.raises(LinkExpired):
        check_open(link, NOW)


@pytest.mark.parametrize(("downloads", "left"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_a_link_is_used_up_when_no_download_is_left(downloads: int, left: int) -> None:
    link = replace(LINK, max_downloads=2, downloads=downloads)
    assert link.downloads_left == left
    if left:
        check_open(link, NOW)
    else:
        with pytest.raises(LinkUsedUp):
            check_open(link, NOW)


def test_a_link_without_end_and_limit_stays_open() -> None:
    check_open(replace(LINK, downloads=10**9), NOW + timedelta(days=36_500))


def test_the_key_opens_its_link_for_an_hour() -> None:
    given_key = unlocked(SECRET, LINK, NOW)
    check_unlocked(SECRET, LINK, given_key.key, NOW + timedelta(minutes=59))
    with pytest.raises(LinkLocked):
        check_unlocked(SECRET, LINK, given_key.key, NOW + timedelta(hours=1))


def test_the_key_opens_no_other_link_and_not_its_own_under_a_new_password() -> None:
    key = unlocked(SECRET, LINK, NOW).key
    for other in (replace(LINK, id="other"), replace(LINK, password_hash="$argon2id$2")):
        with pytest.raises(LinkLocked):
            check_unlocked(SECRET, other, key, NOW)
    with pytest.raises(LinkLocked):
        check_unlocked(b"t" * 32, LINK, key, NOW)


@given(st.one_of(st.none(), st.text(), st.from_regex(r"[0-9]{1,30}\.[0-9a-f]*", fullmatch=True)))
def test_no_made_up_key_opens_a_link(key: str | None) -> None:
    with pytest.raises(LinkLocked):
        check_unlocked(SECRET, LINK, key, NOW)


def test_only_a_link_with_uncounted_downloads_shows_the_original() -> None:
    assert streams_freely(LINK)
    assert not streams_freely(replace(LINK, max_downloads=5))
    assert not streams_freely(replace(LINK, allow_download=False))


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678::9", "2001:db8:1234::/48"),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_of_a_visitors_address_only_the_network_is_kept(address: str, kept: str) -> None:
    assert blurred(Origin(address, "agent", "id")) == Origin(kept, "agent", "id")
