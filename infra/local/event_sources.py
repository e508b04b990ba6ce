"""What the Chalice app registered besides routes: which handler serves which queue and which schedule.

Lambda is told the same by the deployed template; reading it from the app keeps one source of truth.
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from chalice.app import Chalice, EventSourceHandler, ScheduledEventConfig, SQSEventConfig

Handler = Callable[[object, object], object]


@dataclass(frozen=True)
class QueueSource:
    """A queue's handler and how many messages it takes at once."""

    queue: str
    function_name: str
    batch_size: int
    handler: Handler


@dataclass(frozen=True)
class Schedule:
    """A handler and when it runs, as EventBridge writes it: `rate(5 minutes)`."""

    function_name: str
    expression: str
    handler: Handler


def upper_snake(name: str) -> str:
    """Write `ExtractionQueueUrl` or `extraction-queue` as `EXTRACTION_QUEUE_URL`, `EXTRACTION_QUEUE`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name).upper()


def queue_url(queue: str) -> str:
    """Return the queue's URL from the environment. Raises KeyError naming the variable when it is not set."""
    return os.environ[f"MEDIATHEQUE_{upper_snake(queue)}_QUEUE_URL"]


def queue_sources(app: Chalice) -> dict[str, QueueSource]:
    """Return the handlers of queues, by queue name. Raises ValueError for a queue given as ARN only."""
    configs = [source for source in app.event_sources if isinstance(source, SQSEventConfig)]
    return {source.queue: source for source in (_queue_source(app, config) for config in configs)}


def _queue_source(app: Chalice, config: SQSEventConfig) -> QueueSource:
    if not config.queue:
        raise ValueError(f"{config.name} names its queue by ARN; with `queue=` it could run here.")
    return QueueSource(config.queue, config.name, config.batch_size, _handler(app, config.name))


def schedules(app: Chalice) -> list[Schedule]:
    """Return the app's schedules."""
    configs = [source for source in app.event_sources if isinstance(source, ScheduledEventConfig)]
    return [Schedule(config.name, _expression(config), _handler(app, config.name)) for config in configs]


def _expression(config: ScheduledEventConfig) -> str:
    expression = config.schedule_expression
    return expression if isinstance(expression, str) else expression.to_string()


def _handler(app: Chalice, name: str) -> Handler:
    handler = app.handler_map[name]
    if isinstance(handler, EventSourceHandler):
        # Chalice hands over a generator, which two threads making their first call would both consume.
        handler.middleware_handlers = list(handler.middleware_handlers)
    return handler
