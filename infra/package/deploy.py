"""Brings a stage up and takes it away: `make deploy STAGE=...`, `make plan STAGE=...`, `make destroy STAGE=...`.

AWS account and region are those of the shell (AWS_PROFILE, AWS_REGION, ...). A deployment of what was packaged before
(`make package`) ends with the address and, the first time, with an admin's password, which is shown this once.
"""

import argparse
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.clients import Clients
from chalicelib.settings import Settings
from chalicelib.wiring import build
from infra.admin import ensure
from infra.local.stack import environment_of
from infra.package.build import ROOT, TEMPLATE
from infra.package.stack import DeployFailed, HoldsData, Stage

_PACKAGE = ROOT / "dist" / TEMPLATE


def up(stage: Stage, parameters: dict[str, str], admin: str | None) -> None:
    """Deploy the package, make the first admin, and say where everything is. Raises DeployFailed."""
    stage.deploy(_PACKAGE, parameters)
    outputs = stage.outputs()
    if admin:
        made = ensure(build(Settings.from_environment(environment_of(outputs)), Clients()), admin)
        print(f"Admin {admin}, password {made['password']}" if made["created"] else f"Admin {admin} exists.")
    if "DomainTarget" in outputs:
        print(f"Let the domain's DNS record lead to {outputs['DomainTarget']}")
    print(outputs["EndpointURL"])


def plan(stage: Stage, parameters: dict[str, str]) -> None:
    """Print what a deployment would change, and change nothing. Raises DeployFailed."""
    changes = stage.deploy(_PACKAGE, parameters, dry_run=True)
    for change in changes:
        replaced = " (replaced)" if change.replacement == "True" else ""
        print(f"{change.action:<8}{change.kind:<36}{change.resource}{replaced}")
    print(f"{len(changes)} changes.")


def main(arguments: list[str]) -> None:
    """Run one command, or end with the reason why not."""
    options = _parse(arguments)
    try:
        stage = Stage(boto3.Session(), options.stage)
        if options.command == "down":
            stage.destroy(with_data=options.with_data)
        elif not _PACKAGE.is_file():
            sys.exit("There is no package: run `make package`.")
        elif options.command == "plan":
            plan(stage, dict(options.parameter))
        else:
            up(stage, dict(options.parameter), options.admin)
    except HoldsData as refusal:
        sys.exit(f"{refusal} Say --with-data to destroy it for good.")
    except (DeployFailed, ValueError, BotoCoreError, ClientError) as refusal:
        sys.exit(str(refusal))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.package.deploy", description="One stage.")
    parser.add_argument("command", choices=["up", "plan", "down"])
    parser.add_argument("--stage", required=True, help="names the stack and with it everything")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        type=_parameter,
        metavar="NAME=VALUE",
        help="of the template",
    )
    parser.add_argument("--admin", metavar="EMAIL", help="account to make if there is none")
    parser.add_argument(
        "--with-data", action="store_true", help="down: destroy files and records too, for good"
    )
    return parser.parse_args(arguments)


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


if __name__ == "__main__":
    main(sys.argv[1:])
