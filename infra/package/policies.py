"""What must hold in the packaged template beyond its syntax and what checkov asks for (`checkov.py`).

Each rule yields one sentence for each resource that breaks it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from infra.package.functions import CannotPackage, Template, of_type, referenced

type Rule = Callable[[Template], Iterator[str]]

_KEPT = ("Retain", "RetainExceptOnCreate")


def check(template: Template) -> None:
    """Raise CannotPackage with all findings."""
    findings = [finding for rule in RULES for finding in rule(template)]
    if findings:
        raise CannotPackage(
            "The template breaks rules of security:\n" + "\n".join(f"- {finding}" for finding in findings)
        )


def _roles_are_narrow(template: Template) -> Iterator[str]:
    inline = [
        (role, policy)
        for role, properties in of_type(template, "AWS::IAM::Role")
        for policy in properties.get("Policies", [])
    ]
    for name, policy in [*inline, *of_type(template, "AWS::IAM::Policy")]:
        for statement in policy["PolicyDocument"]["Statement"]:
            if any("*" in action for action in _listed(statement.get("Action", "*"))):
                yield f"{name} allows actions by a wildcard."
            if "*" in _listed(statement.get("Resource", "*")) and "Condition" not in statement:
                yield f"{name} allows {statement.get('Action')} on every resource."


def _functions_have_roles_and_logs(template: Template) -> Iterator[str]:
    logs = {str(group["LogGroupName"]) for _, group in of_type(template, "AWS::Logs::LogGroup")}
    for name, properties in of_type(template, "AWS::Serverless::Function"):
        role = referenced(properties.get("Role"))
        if role not in template["Resources"]:
            yield f"{name} runs under a role that is not the template's."
        if not any(f"${{{name}}}" in group for group in logs):
            yield f"{name} has no log group."


def _functions_keep_no_secret(template: Template) -> Iterator[str]:
    for name, properties in of_type(template, "AWS::Serverless::Function"):
        for variable, value in properties.get("Environment", {}).get("Variables", {}).items():
            secret = any(word in variable for word in ("SECRET", "PASSWORD", "KEY"))
            if secret and not variable.endswith(("_ARN", "_NAME")) and isinstance(value, str):
                yield f"{name} has a secret in its environment: {variable}."


def _buckets_are_encrypted_at_rest_and_on_the_way(template: Template) -> Iterator[str]:
    for name, properties in of_type(template, "AWS::S3::Bucket"):
        if "BucketEncryption" not in properties:
            yield f"{name} is not encrypted."
        if not any(
            _denies_plain_http(policy)
            for _, policy in of_type(template, "AWS::S3::BucketPolicy")
            if referenced(policy.get("Bucket")) == name
        ):
            yield f"{name} answers plain HTTP."


def _denies_plain_http(policy: dict[str, Any]) -> bool:
    statements = policy["PolicyDocument"]["Statement"]
    return any(
        statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement.get("Condition"))
        for statement in statements
    )


def _tables_are_kept(template: Template) -> Iterator[str]:
    for name, properties in of_type(template, "AWS::DynamoDB::Table"):
        if not properties.get("SSESpecification", {}).get("SSEEnabled"):
            yield f"{name} is not encrypted with a key of KMS."
        if template["Resources"][name].get("DeletionPolicy") not in _KEPT:
            yield f"{name} is deleted with the stack."


def _queues_are_safe(template: Template) -> Iterator[str]:
    queues = dict(of_type(template, "AWS::SQS::Queue"))
    dead = {
        referenced(queue.get("RedrivePolicy", {}).get("deadLetterTargetArn")) for queue in queues.values()
    }
    for name, properties in queues.items():
        if not (properties.get("SqsManagedSseEnabled") or properties.get("KmsMasterKeyId")):
            yield f"{name} is not encrypted."
        if name not in dead and "RedrivePolicy" not in properties:
            yield f"{name} has no dead-letter queue."


def _queues_outwait_their_functions(template: Template) -> Iterator[str]:
    queues = dict(of_type(template, "AWS::SQS::Queue"))
    for name, properties in of_type(template, "AWS::Serverless::Function"):
        for event in properties.get("Events", {}).values():
            queue = str(event["Properties"].get("Queue", {})).partition("${")[2].partition(".Arn")[0]
            wait = (
                int(queues[queue].get("VisibilityTimeout", 30)) if queue in queues else properties["Timeout"]
            )
            if wait < properties["Timeout"]:
                yield f"{queue} shows a message again after {wait} s, while {name} may take {properties['Timeout']} s."


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


RULES: tuple[Rule, ...] = (
    _roles_are_narrow,
    _functions_have_roles_and_logs,
    _functions_keep_no_secret,
    _buckets_are_encrypted_at_rest_and_on_the_way,
    _tables_are_kept,
    _queues_are_safe,
    _queues_outwait_their_functions,
)
