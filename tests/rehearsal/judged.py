"""Templates that went wrong before cfn-lint and checkov: `make rehearse`, after `make package` installed it."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.package import checkov
from infra.package.build import lint
from infra.package.functions import CannotPackage, Template

TEMPLATE = Path(__file__).parents[2] / "dist" / "template.json"


def broken() -> Template:
    """Return the template with an open bucket, a table without recovery, endless logs, a wide role and a key."""
    template: Template = json.loads(TEMPLATE.read_text())
    properties: dict[str, Any] = {name: one["Properties"] for name, one in template["Resources"].items()}
    del properties["Media"]["PublicAccessBlockConfiguration"]
    del properties["Users"]["PointInTimeRecoverySpecification"]
    del properties["SweepLogs"]["RetentionInDays"]
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    properties["ApiRole"]["Policies"][0]["PolicyDocument"]["Statement"].append(wide)
    properties["Jobs"]["Environment"]["Variables"]["PARTNER"] = "AKIAIOSFODNN7EXAMPLE"
    return template


def test_a_template_that_breaks_rules_is_not_packaged_and_every_finding_is_named() -> None:
    with pytest.raises(CannotPackage) as refusal:
        checkov.check(broken(), print)
    named = {tuple(line.split(": ")[:2]) for line in str(refusal.value).splitlines()[1:]}
    assert named >= {
        *((f"- CKV_AWS_{number}", "Media") for number in (53, 54, 55, 56)),
        ("- CKV_AWS_28", "Users"),
        ("- CKV_AWS_66", "SweepLogs"),
        ("- CKV_AWS_111", "ApiRole"),
        ("- CKV_AWS_45", "Jobs"),
    }
    assert not [rule for rule, _ in named if rule.removeprefix("- ") in checkov.accepted()]


def test_a_template_that_cfn_lint_objects_to_is_not_packaged(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": "soon"}}
    path.write_text(json.dumps({"Resources": {"Queue": queue}}))
    with pytest.raises(CannotPackage, match=r"^cfn-lint: E"):
        lint(path)
