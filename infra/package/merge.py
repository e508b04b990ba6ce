"""What Chalice's template lacks, as the template that `chalice package --merge-template` takes.

It is `infra/template.yaml` whole, and on top of it what ties functions and resources together: roles, environment,
layers, event sources, the gateway's own answers, alarms.
"""

from dataclasses import fields
from typing import Any

from chalice.app import Chalice

from chalicelib.settings import PREFIX, Settings
from infra.local.event_sources import upper_snake
from infra.package import domain, gateway, watch
from infra.package.functions import Function, Template

_STACK = {"Ref": "AWS::StackName"}
_SWITCH = {"Type": "String", "AllowedValues": ["true", "false"]}
SETTINGS: dict[str, dict[str, Any]] = {
    "QuotaBytes": {
        "Type": "Number",
        "Default": 20 << 30,
        "MinValue": 1,
        "Description": "The most bytes that one account may hold, where an admin has said nothing else",
    },
    "SizeLimits": {
        "Type": "String",
        "Default": "{}",
        "Description": 'The most bytes of a file by type, as JSON: {"video": 5368709120}',
    },
    "AllowedExtensions": {
        "Type": "String",
        "Default": "[]",
        "Description": 'Extensions of files that are taken, as JSON: ["jpg", "pdf"]; none: all that can be examined',
    },
    "Rates": {
        "Type": "String",
        "Default": "{}",
        "Description": "Limits of rates by name, as JSON; chalicelib/limits/rules.py has names and defaults",
    },
    "RouteMetrics": {
        **_SWITCH,
        "Default": "false",
        "Description": "Whether each route has metrics of its own, four and billed by the month; logs tell without",
    },
    "RegistrationOpen": {**_SWITCH, "Default": "true", "Description": "Whether people may open accounts"},
    "RequireVerifiedEmail": {
        **_SWITCH,
        "Default": "false",
        "Description": "Whether nobody signs in before the address was confirmed",
    },
}
"""Parameters that the functions read as settings of the same name."""
_REQUESTS_PER_SECOND = {
    "Type": "Number",
    "Default": 200,
    "MinValue": 1,
    "Description": "Requests a second that API Gateway lets through, of all together; to more it answers 429",
}
_ONE_ORIGIN = {
    "Fn::Equals": [
        {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]},
        {"Fn::Select": [0, {"Ref": "AllowedOrigins"}]},
    ]
}
_RUNTIMES = ["python3.12", "python3.13"]


def merge_template(app: Chalice, template: Template, functions: list[Function], commit: str) -> Template:
    """Return the template to merge; `commit` tells `/health` which source runs."""
    layers = {layer: when for function in functions for layer, when in sorted(function.layers.items())}
    template = {**template, "Parameters": {**template.get("Parameters", {}), **SETTINGS}}
    variables = environment(template) | {f"{PREFIX}COMMIT": commit, f"{PREFIX}BASE_URL": domain.BASE_URL}
    resources = {
        **template["Resources"],
        **{layer_resource(name): _layer(name, condition) for name, condition in sorted(layers.items())},
        **{function.resource: _function(function, variables) for function in functions},
        "RestAPI": _rest_api(app),
    }
    resources[functions[0].resource]["Properties"]["FunctionName"] = {"Fn::Sub": gateway.FUNCTION_NAME}
    merged = {
        **template,
        "Parameters": {
            **template["Parameters"],
            "RequestsPerSecond": _REQUESTS_PER_SECOND,
        },
        "Conditions": {**template.get("Conditions", {}), "OneOrigin": _ONE_ORIGIN},
        "Resources": resources,
    }
    return watch.watched(domain.with_domain(merged), functions)


def environment(template: Template) -> dict[str, Any]:
    """Return what the functions read: the outputs and parameters that are settings, named as `make run` names them."""
    known = {one.name.upper() for one in fields(Settings)}
    values = {name: {"Ref": name} for name in template.get("Parameters", {})}
    values |= {name: output["Value"] for name, output in template["Outputs"].items()}
    return {PREFIX + upper_snake(name): value for name, value in values.items() if upper_snake(name) in known}


def layer_resource(name: str) -> str:
    """Return the template's name of a layer."""
    return f"{name.capitalize()}Layer"


def layer_file(name: str) -> str:
    """Return the name of a layer's zip."""
    return f"{name}-layer.zip"


def _layer(name: str, condition: str | None) -> dict[str, Any]:
    return {
        **({"Condition": condition} if condition else {}),
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {
            "ContentUri": f"./{layer_file(name)}",
            "CompatibleRuntimes": _RUNTIMES,
            "CompatibleArchitectures": ["x86_64"],
            "RetentionPolicy": "Delete",
        },
    }


def _function(function: Function, variables: dict[str, Any]) -> dict[str, Any]:
    settings = function.settings
    properties: dict[str, Any] = {
        "Role": {"Fn::GetAtt": [function.role, "Arn"]},
        "MemorySize": settings.MemorySize,
        "Timeout": settings.Timeout,
        "Environment": {"Variables": variables},
    }
    if function.layers:
        properties["Layers"] = [_use(layer, condition) for layer, condition in function.layers.items()]
    if function.queue:
        properties["Events"] = {f"{function.resource}SqsEventSource": {"Properties": _event_source(function)}}
    return {"Properties": properties}


def _use(layer: str, condition: str | None) -> dict[str, Any]:
    reference = {"Ref": layer_resource(layer)}
    return {"Fn::If": [condition, reference, {"Ref": "AWS::NoValue"}]} if condition else reference


def _event_source(function: Function) -> dict[str, Any]:
    return {
        "Queue": {"Fn::Sub": f"${{{function.queue}.Arn}}"},  # Chalice's own intrinsic, or both would stand
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": function.settings.MaximumConcurrency},
    }


def _rest_api(app: Chalice) -> dict[str, Any]:
    most = {"Ref": "RequestsPerSecond"}
    limits = {"ThrottlingRateLimit": most, "ThrottlingBurstLimit": most, "MetricsEnabled": True}
    return {
        "Properties": {
            "Name": _STACK,
            "DefinitionBody": {**gateway.definition(app), "info": {"title": _STACK}},
            "MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", **limits}],
        }
    }
