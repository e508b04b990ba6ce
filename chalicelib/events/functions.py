"""How the app learns of its functions, besides the API's: which queue or schedule calls which handler.

A handler is a plain Lambda handler, `module.function` in this package: on Lambda it is imported by that name, without
the app; on one machine the app imports it with the first event. So no start imports what another function needs.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from chalice.app import BaseLambdaEvent, Blueprint, Chalice, ScheduleExpression


def on_queue(app: Chalice, queue: str, handler: str, *, batch_size: int, name: str = "") -> None:
    """Let a handler serve a queue; the function is called like the queue, or `name`."""
    doors, call = _later(handler)
    doors.on_sqs_message(queue=queue, batch_size=batch_size, name=name or queue)(call)
    app.register_blueprint(doors)


def on_schedule(app: Chalice, name: str, handler: str, expression: ScheduleExpression) -> None:
    """Let a handler run on a schedule, as the function `name`."""
    doors, call = _later(handler)
    doors.schedule(expression, name=name)(call)
    app.register_blueprint(doors)


def _later(handler: str) -> tuple[Blueprint, Callable[[BaseLambdaEvent], Any]]:
    """Return what is registered instead: a blueprint and a function have the names that Lambda calls."""
    module, name = f"{__package__}.{handler}".rsplit(".", maxsplit=1)

    def call(event: BaseLambdaEvent) -> Any:
        return getattr(import_module(module), name)(event.to_dict(), event.context)

    call.__name__ = name
    return Blueprint(module), call
