"""The policies, the arithmetic of windows, and the header fields that tell clients how they stand.

Windows are fixed: they start at multiples of their length since 1970, so one counter a window is all there is to
keep, at the price that around a boundary twice the quota may pass within one length.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.limits.models import Policy, Standing

MINUTE, QUARTER, HOUR, DAY = 60, 900, 3_600, 86_400
DEFAULTS = (
    Policy("login-address", 60, QUARTER),  # from one address, whichever accounts
    Policy("login", 10, QUARTER),  # wrong passwords for one account from one address
    Policy("login-account", 100, HOUR),  # wrong passwords for one account from addresses it does not know
    Policy("register-address", 20, HOUR),
    Policy("reset-address", 20, HOUR),
    Policy("reset-account", 3, HOUR),  # mails; beyond them the answer is the same and no mail goes out
    Policy("confirm-address", 60, HOUR),  # tokens from mails, tried from one address
    Policy("resend", 3, HOUR),
    Policy("password", 10, QUARTER),  # an account's own password, asked for again
    Policy("uploads", 120, MINUTE),
    Policy("exports", 30, HOUR),
    Policy("request-address", 1_000, HOUR),  # files offered to file requests from one address
    Policy("unknown-grantee", 30, HOUR),  # addresses without an account, tried by one account
    Policy("link-password", 10, QUARTER),  # wrong passwords for one share link from one address
    Policy("link-password-all", 300, HOUR),  # passwords for one share link from all addresses together
)


def policies(quotas: Mapping[str, int]) -> dict[str, Policy]:
    """Return the policies by name, with the default quotas replaced where others are given."""
    return {
        policy.name: Policy(policy.name, quotas.get(policy.name, policy.quota), policy.seconds)
        for policy in DEFAULTS
    }


def window(policy: Policy, moment: datetime) -> tuple[int, int]:
    """Return the number of the window that a moment lies in, and in how many seconds (at least 1) it ends."""
    number, since = divmod(moment.timestamp(), policy.seconds)
    return int(number), max(1, round(policy.seconds - since))


def headers(standings: Sequence[Standing]) -> dict[str, str]:
    """Return `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10); empty for no standings."""
    if not standings:
        return {}
    return {
        "RateLimit": _list(f'"{one.policy.name}";r={one.remaining};t={one.resets_in}' for one in standings),
        "RateLimit-Policy": _list(
            f'"{one.policy.name}";q={one.policy.quota};w={one.policy.seconds}' for one in standings
        ),
    }


def _list(members: Iterable[str]) -> str:
    return ", ".join(members)
