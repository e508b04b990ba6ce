"""Templates with what the package's has besides: conditions that join a list, and saved queries of logs.

As shipped, MiniStack compares what `Ref` and `Fn::Select` give, so a condition with `Fn::Join` is never true; and it
refuses types of resources that it does not know.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from .emulator import Module, Record

READERS = ("engine", "handlers", "changesets", "stacks")
"""The modules of `ministack.services.cloudformation` that evaluate conditions."""


def install_conditions(modules: Iterable[Module]) -> None:
    """Complete those modules."""
    modules = list(modules)
    evaluate = modules[0]._evaluate_conditions

    def whole(template: Record, params: Record) -> Record:
        conditions = _joined(template.get("Conditions", {}), params)
        evaluated: Record = evaluate({**template, "Conditions": conditions}, params)
        return evaluated

    for module in modules:
        module._evaluate_conditions = whole


def install_queries(provisioners: Module) -> None:
    """Let a stack have saved queries, which nobody here asks: they have an id, and nothing else."""
    provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
        "create": lambda *_: (str(uuid.uuid4()), {}),
        "update": lambda physical_id, *_: (physical_id, {}),
        "delete": lambda *_: None,
    }


def _joined(value: Any, params: Record) -> Any:
    if isinstance(value, list):
        return [_joined(one, params) for one in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"Fn::Join": [str(separator), {"Ref": str(name)}]} if name in params:
            return separator.join(one.strip() for one in str(params[name]["Value"]).split(","))
    return {key: _joined(one, params) for key, one in value.items()}
