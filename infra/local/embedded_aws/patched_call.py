"""Runs a function of MiniStack with some of its module's globals replaced, for that call only."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

from .emulator import Module


def with_globals(module: Module, function: FunctionType, replacements: dict[str, Any]) -> Callable[..., Any]:
    """`function`, which is of `module`, seeing the replacements and otherwise the module as it is now."""
    namespace = {**vars(module), **replacements}
    return FunctionType(function.__code__, namespace, function.__name__, function.__defaults__)
