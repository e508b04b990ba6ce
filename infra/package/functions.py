"""Which functions the cloud gets, read from what the app registered and from the template's roles.

A function runs under the role `<Queue>Role` or, without a queue, `<Name>Role` of `infra/template.yaml`, as its process
does locally; what only the cloud has (memory, time, layers) stands in that role's Metadata. So a new handler with its
role is packaged without a word here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalice.app import Chalice, SQSEventConfig
from chalice.package import YAMLTemplateSerializer
from chalice.utils import to_cfn_resource_name
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

type Template = dict[str, Any]  # CloudFormation's own shape, intrinsics in their long form

API = "api"
_API_RESOURCE = "APIHandler"  # what Chalice calls it
_SCHEDULES_ROLE = "SweepRole"  # under which `make run` ticks all schedules


class CannotPackage(Exception):
    """The package would not work in the cloud; the message says what to mend."""


class FunctionSettings(BaseModel):
    """A role's `Metadata: {Function: ...}`."""

    model_config = ConfigDict(extra="forbid")

    MemorySize: PositiveInt = 512  # MB
    Timeout: int = Field(60, ge=1, le=900)  # seconds
    Layers: list[str] = []  # folders of layers/
    LayersIf: dict[str, list[str]] = {}  # by a condition of the template, without which they are left away
    MaximumConcurrency: int = Field(
        10, ge=2
    )  # batches of a queue at once, so that they leave Lambda to the API


@dataclass(frozen=True)
class Function:
    """One Lambda function."""

    name: str
    resource: str
    role: str
    queue: str | None
    """The template's name of the queue that it serves."""
    settings: FunctionSettings

    @property
    def layers(self) -> dict[str, str | None]:
        """Return the layers that it may have, and under which conditions."""
        conditional = {
            layer: condition for condition, layers in self.settings.LayersIf.items() for layer in layers
        }
        return dict.fromkeys(self.settings.Layers) | conditional


def read_template(path: Path) -> Template:
    """Read a CloudFormation template, short forms included."""
    template: Template = YAMLTemplateSerializer().load_template(path.read_text(encoding="utf-8"), str(path))
    return template


def functions_of(app: Chalice, template: Template) -> list[Function]:
    """Return all functions, the API's first. Raises CannotPackage for one without a role, queue or name of its own."""
    functions = [_function(API, _API_RESOURCE, None, template)]
    functions += [_event_function(source, template) for source in app.event_sources]
    functions += [
        _function(pure.name, to_cfn_resource_name(pure.name), None, template)
        for pure in app.pure_lambda_functions
    ]
    for function in functions:
        if function.resource in template["Resources"]:
            raise CannotPackage(
                f"The template has a resource {function.resource}: give the function {function.name} another."
            )
    return functions


def referenced(value: object) -> str | None:
    """Return the resource that a `Ref` or `GetAtt` speaks of."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return None
    if "Ref" in value:
        return str(value["Ref"])
    target = value.get("Fn::GetAtt")
    if isinstance(target, str):
        return target.split(".", maxsplit=1)[0]
    return str(target[0]) if target else None


def of_type(template: Template, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and properties of the resources of one type."""
    for name, resource in template["Resources"].items():
        if resource.get("Type") == kind:  # a resource to merge may have none
            yield name, resource.get("Properties", {})


def _event_function(source: Any, template: Template) -> Function:
    resource = to_cfn_resource_name(source.name)
    if isinstance(source, SQSEventConfig) and source.queue:
        return _function(source.name, resource, _queue(source.queue, template), template, source.queue)
    return _function(source.name, resource, None, template)


def _function(
    name: str, resource: str, queue: str | None, template: Template, queue_name: str | None = None
) -> Function:
    roles = (
        f"{to_cfn_resource_name(queue_name or name)}Role",
        *(() if queue or name == API else (_SCHEDULES_ROLE,)),
    )
    role = next((role for role in roles if role in template["Resources"]), None)
    if role is None:
        raise CannotPackage(f"The function {name} has no role: the template needs a resource {roles[0]}.")
    metadata = template["Resources"][role].get("Metadata", {})
    return Function(
        name, resource, role, queue, FunctionSettings.model_validate(metadata.get("Function", {}))
    )


def _queue(name: str, template: Template) -> str:
    output = f"{to_cfn_resource_name(name)}QueueUrl"
    queue = referenced(template["Outputs"].get(output, {}).get("Value"))
    if queue is None:
        raise CannotPackage(f"The queue {name} has no output {output} in the template.")
    return queue
