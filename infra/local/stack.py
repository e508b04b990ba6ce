"""Makes the AWS resources from `infra/template.yaml`, the same template that the cloud gets.

`deploy` is idempotent and quick when nothing changed: the stack carries a tag with the hash of template and
parameters. What CloudFormation leaves undone in the embedded AWS is done here: MiniStack ignores
`TimeToLiveSpecification`, so each table's is set by UpdateTimeToLive (AWS and LocalStack have done it already, and
nothing happens).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from botocore.exceptions import ClientError, WaiterError

from infra.local.credentials import DIRECT, Endpoint
from infra.local.event_sources import upper_snake

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef, WaiterConfigTypeDef
    from types_boto3_dynamodb import DynamoDBClient

_HASH_TAG = "mediatheque:template"
_CURRENT = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
_NEVER_WORKED = {
    "CREATE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
}  # blocks the name, holds nothing
_ON_THIS_MACHINE = {"Tls": "off"}
_WAIT: "WaiterConfigTypeDef" = {"Delay": 1, "MaxAttempts": 120}


class StackFailed(Exception):
    """The resources could not be made; the message says which and why."""


class _TemplateLoader(yaml.CSafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`) as plain values."""


def _short_form(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return {suffix: loader.construct_mapping(node, deep=True)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    return {suffix: str(node.value)}


_TemplateLoader.add_multi_constructor("!", _short_form)


def deploy(
    endpoint: Endpoint,
    template: Path,
    name: str = "mediatheque",
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Create or update the stack as root, wait, and return its outputs. Raises StackFailed, EndpointConnectionError."""
    session = endpoint.root_session()
    cloudformation = session.client("cloudformation", endpoint_url=endpoint.url, config=DIRECT)
    text = template.read_text(encoding="utf-8")
    values = {**_ON_THIS_MACHINE, **parameters}
    digest = hashlib.sha256((text + json.dumps(values, sort_keys=True)).encode()).hexdigest()
    stack = _find(cloudformation, name)
    if stack and stack["StackStatus"] in _NEVER_WORKED:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=_WAIT)
        stack = None
    if stack is None or not _is_current(stack, digest):
        given: list[ParameterTypeDef] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
        ]
        stack = _apply(cloudformation, name, text, given, digest, exists=stack is not None)
    dynamodb = session.client("dynamodb", endpoint_url=endpoint.url, config=DIRECT)
    _expire_items(dynamodb, cloudformation, name, text)
    return _outputs(stack)


def outputs_of(endpoint: Endpoint, name: str = "mediatheque") -> dict[str, str]:
    """Return the outputs of the stack as it is, none where there is none. Raises EndpointConnectionError."""
    cloudformation = endpoint.root_session().client(
        "cloudformation", endpoint_url=endpoint.url, config=DIRECT
    )
    stack = _find(cloudformation, name)
    return _outputs(stack) if stack else {}


def _outputs(stack: "StackTypeDef") -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def environment_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs as the processes read them: `BucketName` is `MEDIATHEQUE_BUCKET_NAME`."""
    return {f"MEDIATHEQUE_{upper_snake(key)}": value for key, value in outputs.items()}


def _find(cloudformation: "CloudFormationClient", name: str) -> "StackTypeDef | None":
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as fault:
        if "does not exist" in str(fault):
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def _is_current(stack: "StackTypeDef", digest: str) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return stack["StackStatus"] in _CURRENT and tags.get(_HASH_TAG) == digest


def _apply(
    cloudformation: "CloudFormationClient",
    name: str,
    text: str,
    parameters: "list[ParameterTypeDef]",
    digest: str,
    *,
    exists: bool,
) -> "StackTypeDef":
    change = cloudformation.update_stack if exists else cloudformation.create_stack
    try:
        change(
            StackName=name,
            TemplateBody=text,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            Parameters=parameters,
            Tags=[{"Key": _HASH_TAG, "Value": digest}],
        )
    except ClientError as fault:
        if "No updates are to be performed" not in str(fault):
            raise StackFailed(f"The template was refused: {fault}") from fault
    else:
        _wait(cloudformation, name, exists=exists)
    stack = _find(cloudformation, name)
    if stack is None:
        raise StackFailed("The stack vanished while it was made.")
    return stack


def _wait(cloudformation: "CloudFormationClient", name: str, *, exists: bool) -> None:
    try:
        if exists:
            cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=_WAIT)
        else:
            cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=_WAIT)
    except WaiterError as fault:
        raise StackFailed("\n".join(_reasons(cloudformation, name)) or str(fault)) from fault


def _reasons(cloudformation: "CloudFormationClient", name: str) -> Iterator[str]:
    for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]:
        if event.get("ResourceStatus", "").endswith("_FAILED"):
            yield f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}"


def _expire_items(
    dynamodb: "DynamoDBClient", cloudformation: "CloudFormationClient", name: str, text: str
) -> None:
    for logical, attribute in _expiring_tables(text).items():
        resource = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId=logical)
        table = resource["StackResourceDetail"]["PhysicalResourceId"]
        state = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        if state.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
            dynamodb.update_time_to_live(
                TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
            )


def _expiring_tables(text: str) -> dict[str, str]:
    """Return the attribute that holds the expiry, by the table's name in the template."""
    template: dict[str, Any] = yaml.load(text, Loader=_TemplateLoader)  # noqa: S506 - a safe loader's child
    expiring = {}
    for logical, resource in template["Resources"].items():
        ttl = resource.get("Properties", {}).get("TimeToLiveSpecification", {})
        if resource["Type"] == "AWS::DynamoDB::Table" and ttl.get("Enabled"):
            expiring[logical] = ttl["AttributeName"]
    return expiring
