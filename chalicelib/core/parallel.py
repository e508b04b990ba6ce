"""Several calls at once, for questions whose parts do not wait for each other."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

MAX_PARALLEL = 6


def at_once[Argument, Result](
    function: Callable[[Argument], Result], arguments: Iterable[Argument]
) -> list[Result]:
    """Return what the function says to each argument, in their order; the first error ends it."""
    asked = list(arguments)
    if len(asked) <= 1:
        return [function(one) for one in asked]
    with ThreadPoolExecutor(
        MAX_PARALLEL
    ) as pool:  # each in a copy of the context: its receipt is the caller's
        running = [pool.submit(copy_context().run, function, one) for one in asked]
        return [one.result() for one in running]
