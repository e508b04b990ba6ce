from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.limits.models import Policy, Standing
from chalicelib.limits.rules import DEFAULTS, headers, policies, window

POLICY = Policy("tries", 3, 60)


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(DEFAULTS))
def test_a_moment_lies_in_the_window_that_ends_when_it_says(milliseconds: int, policy: Policy) -> None:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    number, resets_in = window(policy, moment)
    assert number * policy.seconds <= moment.timestamp() < (number + 1) * policy.seconds
    assert 1 <= resets_in <= policy.seconds
    assert abs((number + 1) * policy.seconds - moment.timestamp() - resets_in) <= 1


def test_the_header_fields_are_lists_of_named_policies() -> None:
    told = headers([Standing(POLICY, 2, 40), Standing(Policy("mails", 5, 3600), 0, 7)])
    assert told["RateLimit"] == '"tries";r=2;t=40, "mails";r=0;t=7'
    assert told["RateLimit-Policy"] == '"tries";q=3;w=60, "mails";q=5;w=3600'
    assert headers([]) == {}


def test_a_given_quota_replaces_the_default_and_no_other() -> None:
    changed = policies({"uploads": 7})
    assert changed["uploads"] == Policy("uploads", 7, 60)
    assert [changed[policy.name] for policy in DEFAULTS if policy.name != "uploads"] == [
        policy for policy in DEFAULTS if policy.name != "uploads"
    ]


@pytest.mark.parametrize("policy", DEFAULTS, ids=lambda policy: policy.name)
def test_every_policy_admits_something(policy: Policy) -> None:
    assert policy.quota > 0
    assert policy.seconds >= 60
