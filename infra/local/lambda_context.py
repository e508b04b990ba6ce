"""The context object that Lambda hands to a handler beside the event."""

import time
import uuid
from collections.abc import Callable

ACCOUNT_ID = "000000000000"  # the account of the embedded AWS and of LocalStack


class LambdaContext:
    """What AWS documents for Python's context object, for a function that runs in this process."""

    function_version = "$LATEST"
    log_stream_name = "local"
    identity = None
    client_context = None

    def __init__(
        self,
        function_name: str,
        region: str,
        timeout_seconds: float,
        memory_limit_in_mb: int = 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.function_name = function_name
        self.memory_limit_in_mb = memory_limit_in_mb
        self.aws_request_id = str(uuid.uuid4())
        self.invoked_function_arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:function:{function_name}"
        self.log_group_name = f"/aws/lambda/{function_name}"
        self._clock = clock
        self._deadline = clock() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before Lambda would end the call, at least 0."""
        return max(0, round((self._deadline - self._clock()) * 1000))
