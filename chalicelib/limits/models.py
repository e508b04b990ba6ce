"""What a rate limit is, how one stands, and the refusal when it is used up."""

from dataclasses import dataclass

from chalicelib.core.errors import TooMany


@dataclass(frozen=True)
class Policy:
    """At most `quota` times in each window of `seconds`."""

    name: str
    quota: int
    seconds: int


@dataclass(frozen=True)
class Standing:
    """What is left of a policy for one subject, and in how many seconds its window ends."""

    policy: Policy
    remaining: int
    resets_in: int


class RateExceeded(TooMany):
    """This has been done too often lately; evidence carries `retry_after` in seconds, and which `limit`."""

    code = "rate_exceeded"
