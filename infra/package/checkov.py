"""Has the packaged template judged by checkov, whose rules run offline, without an account.

What it finds is mended or stands with its reason in `accepted.toml`. It is heavy (270 MB, a hundred packages with pins
of their own), so it lives in an environment of its own, made when it is first needed.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from infra.package.functions import CannotPackage, Template

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "checkov.txt"
ACCEPTED = HERE / "accepted.toml"
_HOME = Path(sys.prefix) / "checkov"

type Say = Callable[[str], None]


class Finding(NamedTuple):
    """A rule that a resource breaks."""

    rule: str
    resource: str
    says: str


class Accepted(BaseModel):
    """Resources that may break a rule, and why."""

    model_config = ConfigDict(extra="forbid")

    resources: list[str] = Field(min_length=1)
    reason: str = Field(min_length=20)


def accepted(path: Path = ACCEPTED) -> dict[str, Accepted]:
    """Read the reviewed list. Raises pydantic's ValidationError for an entry without its reason."""
    return TypeAdapter(dict[str, Accepted]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))


def check(template: Template, say: Say) -> None:
    """Raise CannotPackage with every finding that nobody accepted, and with what was accepted for nothing."""
    complaints = [*judge(findings(template, say), accepted())]
    if complaints:
        raise CannotPackage("\n".join(["checkov and infra/package/accepted.toml disagree:", *complaints]))


def judge(found: list[Finding], allowed: Mapping[str, Accepted]) -> Iterator[str]:
    """Yield one line for each finding that is not allowed, and for each permission that nothing needs."""
    needed: set[tuple[str, str]] = set()
    for finding in found:
        patterns = allowed[finding.rule].resources if finding.rule in allowed else []
        fitting = {(finding.rule, pattern) for pattern in patterns if fnmatchcase(finding.resource, pattern)}
        needed |= fitting
        if not fitting:
            yield f"- {finding.rule}: {finding.resource}: {finding.says}"
    for rule, entry in allowed.items():
        for pattern in entry.resources:
            if (rule, pattern) not in needed:
                yield f"- {rule}: {pattern}: accepted, but checkov finds nothing there"


def findings(template: Template, say: Say) -> list[Finding]:
    """Return what checkov finds; about 5 s. Raises CannotPackage when it cannot run or read the template."""
    program = _installed(say)
    with TemporaryDirectory() as work:
        path = Path(work) / "template.json"
        path.write_text(json.dumps(_without_routes(template)))
        command = [
            str(program),
            "--framework",
            "cloudformation",
            "--skip-download",
            "--compact",
            "--file",
            str(path),
        ]
        done = subprocess.run(  # noqa: S603 - pinned, no shell
            [*command, "--output", "json"], capture_output=True, text=True, check=False
        )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
        seen = report["summary"]
        failed = report["results"]["failed_checks"]
    except (ValueError, KeyError, TypeError) as fault:
        raise CannotPackage(f"checkov judged nothing: {(done.stderr or done.stdout).strip()}") from fault
    if seen["parsing_errors"] or not seen["resource_count"]:
        raise CannotPackage("checkov could not read the template.")
    return [
        Finding(one["check_id"], one["resource"].rpartition(".")[-1], one["check_name"]) for one in failed
    ]


def _without_routes(template: Template) -> Template:
    """Leave out the API's definition, which no rule looks into: it takes 80 s of 85."""
    resources = {
        name: {**resource, "Properties": {**resource["Properties"], "DefinitionBody": {}}}
        if resource["Type"] == "AWS::Serverless::Api"
        else resource
        for name, resource in template["Resources"].items()
    }
    return {**template, "Resources": resources}


def _installed(say: Say) -> Path:
    """Return the program, installed if the pins are not those that were installed last."""
    program, stamp = _HOME / "bin" / "checkov", _HOME / "installed.txt"
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        say("Installing checkov, once (270 MB) ...")
        _run(sys.executable, "-m", "venv", "--clear", str(_HOME))
        pip = (
            str(_HOME / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        )
        _run(*pip, "--requirement", str(REQUIREMENTS))
        stamp.write_text(wanted, encoding="utf-8")
    return program


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip, no shell
    if done.returncode:
        raise CannotPackage(f"checkov could not be installed: {done.stderr.strip()}")
