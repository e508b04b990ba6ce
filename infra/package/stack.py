"""One deployed stage: the stack `mediatheque-STAGE`, brought to a package by a change set, and taken away again.

All names derive from the stack's, so stages never meet. What holds data outlives its stack (`DeletionPolicy: Retain`);
taking a stage away removes it too, once it is empty or the caller says so.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError, WaiterError

from infra.package.publish import Shelf

if TYPE_CHECKING:
    from types_boto3_cloudformation.type_defs import StackTypeDef

_NOTHING = ("didn't contain changes", "No updates are to be performed", "doesn't contain changes")
_NEVER_WORKED = {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}  # blocks the name, holds nothing
_STAGE = re.compile(r"[a-z][a-z0-9-]{0,19}")  # so that bucket names stay within 63 characters


class DeployFailed(Exception):
    """CloudFormation refused or rolled back; the message says why."""


class HoldsData(Exception):
    """The stage keeps files or records that nobody said may go."""


@dataclass(frozen=True)
class Change:
    """What a change set would do to one resource."""

    action: str
    resource: str
    kind: str
    replacement: str


class Stage:
    """One stage in the account and region of a session. Raises ValueError for a name that bucket names cannot hold."""

    def __init__(self, session: boto3.Session, name: str) -> None:
        if not _STAGE.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name for a stage: use up to 20 small letters, digits and hyphens."
            )
        self.stack = f"mediatheque-{name}"
        self._session = session
        self._cloudformation = session.client("cloudformation")

    def deploy(self, template: Path, parameters: Mapping[str, str], *, dry_run: bool = False) -> list[Change]:
        """Bring the stage to a package, and return the changes; a dry run only finds them. Raises DeployFailed.

        A parameter that is not given keeps the value that it has.
        """
        values = {**self._values(template), **parameters}
        address = self._shelf().publish(template, values)
        change_set = f"package-{uuid.uuid4()}"
        changes = self._prepare(change_set, address, values)
        if dry_run or not changes:
            self._discard(change_set)
        else:
            self._execute(change_set)
        return changes

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs; empty when there is no such stage."""
        stack = self._find()
        return (
            {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
            if stack
            else {}
        )

    def destroy(self, *, with_data: bool) -> None:
        """Take the stage away, its stores too. Raises HoldsData unless it is empty or the data may go."""
        kept = self._stores()
        full = [name for kind, name in kept if self._holds(kind, name)]
        if full and not with_data:
            raise HoldsData(f"{self.stack} holds data in {', '.join(full)}.")
        self._cloudformation.delete_stack(StackName=self.stack)
        self._wait("stack_delete_complete")
        for kind, name in kept:
            self._remove(kind, name)
        self._remove("AWS::S3::Bucket", self._shelf().bucket)

    def _shelf(self) -> Shelf:
        account = self._session.client("sts").get_caller_identity()["Account"]
        return Shelf(self._session.client("s3"), f"{self.stack}-packages-{account}")

    def _find(self) -> "StackTypeDef | None":
        try:
            stack: StackTypeDef = self._cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as fault:
            if "does not exist" in str(fault):
                return None
            raise
        return stack

    def _values(self, template: Path) -> dict[str, str]:
        """Return the stage's parameters that the template still has."""
        found = self._find()
        if found is None or found["StackStatus"] in _NEVER_WORKED:
            return {}
        known = json.loads(template.read_text()).get("Parameters", {})
        said = {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])}
        return {name: value for name, value in said.items() if name in known}

    def _prepare(self, change_set: str, address: str, parameters: Mapping[str, str]) -> list[Change]:
        found = self._find()
        if found and found["StackStatus"] in _NEVER_WORKED:
            self._cloudformation.delete_stack(StackName=self.stack)
            self._wait("stack_delete_complete")
            found = None
        exists = found is not None and found["StackStatus"] not in {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}
        self._cloudformation.create_change_set(
            StackName=self.stack,
            ChangeSetName=change_set,
            ChangeSetType="UPDATE" if exists else "CREATE",
            TemplateURL=address,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
            ],
        )
        names = {"StackName": self.stack, "ChangeSetName": change_set}
        try:
            self._cloudformation.get_waiter("change_set_create_complete").wait(
                **names, WaiterConfig={"Delay": 2}
            )
        except WaiterError as fault:
            reason = self._cloudformation.describe_change_set(**names).get("StatusReason", str(fault))
            if any(words in reason for words in _NOTHING):
                return []
            raise DeployFailed(reason) from fault
        pages = self._cloudformation.get_paginator("describe_change_set").paginate(**names)
        resources = [change["ResourceChange"] for page in pages for change in page["Changes"]]
        return [
            Change(
                change["Action"],
                change["LogicalResourceId"],
                change["ResourceType"],
                change.get("Replacement", "False"),
            )
            for change in resources
        ]

    def _discard(self, change_set: str) -> None:
        self._cloudformation.delete_change_set(StackName=self.stack, ChangeSetName=change_set)
        found = self._find()
        if found and found["StackStatus"] == "REVIEW_IN_PROGRESS":  # a stack that only ever was planned
            self._cloudformation.delete_stack(StackName=self.stack)

    def _execute(self, change_set: str) -> None:
        found = self._find()
        exists = found is not None and found["StackStatus"] != "REVIEW_IN_PROGRESS"
        self._cloudformation.execute_change_set(StackName=self.stack, ChangeSetName=change_set)
        self._wait("stack_update_complete" if exists else "stack_create_complete")

    def _wait(self, what: str) -> None:
        try:
            self._cloudformation.get_waiter(what).wait(
                StackName=self.stack, WaiterConfig={"Delay": 2, "MaxAttempts": 900}
            )
        except WaiterError as fault:
            raise DeployFailed("\n".join(self._reasons()) or str(fault)) from fault

    def _reasons(self) -> list[str]:
        events = self._cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
        return [
            f"{event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in events
            if event.get("ResourceStatus", "").endswith("_FAILED")
        ]

    def _stores(self) -> list[tuple[str, str]]:
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.stack)
        resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return [
            (resource["ResourceType"], resource["PhysicalResourceId"])
            for resource in resources
            if resource["ResourceType"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}
        ]

    def _holds(self, kind: str, name: str) -> bool:
        if kind == "AWS::S3::Bucket":
            return bool(self._session.client("s3").list_objects_v2(Bucket=name, MaxKeys=1).get("KeyCount"))
        return bool(self._session.client("dynamodb").scan(TableName=name, Limit=1)["Items"])

    def _remove(self, kind: str, name: str) -> None:
        if kind == "AWS::S3::Bucket":
            bucket = self._session.resource("s3").Bucket(name)
            bucket.objects.all().delete()
            bucket.delete()
        else:
            self._session.client("dynamodb").delete_table(TableName=name)
