"""The embedded AWS as a service of the supervisor: its settings, and when it is ready."""

import http.client
import os
import time
import urllib.error
import urllib.request

from infra.local.credentials import Endpoint
from infra.local.embedded_aws.root_identity import root_credentials
from infra.local.settings import HOST, Refused, Settings
from infra.local.supervisor import Service, Supervisor

NAME = "aws"
_READY_SECONDS = 60.0  # 150,000 items load in 2.5 s
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


def start(supervisor: Supervisor, settings: Settings) -> Endpoint:
    """Start the embedded AWS and wait until it answers. Raises Refused when it ends instead."""
    folder = settings.folder / "embedded-aws"
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **own,
        "EMBEDDED_AWS_DIR": str(folder),
        "GATEWAY_PORT": str(settings.aws_port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_REGION": settings.region,
        "AUTH": "true",
    }
    supervisor.start(Service(NAME, "infra.local.embedded_aws", environment, stage=0))
    _await(f"{settings.aws_url}/_ministack/ready", supervisor)
    return Endpoint(settings.aws_url, settings.region, *root_credentials(folder))


def _await(url: str, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not answers(url):
        if not supervisor.is_running(NAME):
            raise Refused("The embedded AWS ended at its start: its last lines stand above.")
        if time.monotonic() > deadline:
            raise Refused(f"The embedded AWS did not answer within {_READY_SECONDS:.0f} s.")
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Say whether a GET is answered with success."""
    return status_of(url) == 200  # noqa: PLR2004 - HTTP's


def status_of(url: str) -> int | None:
    """Return the status that a GET is answered with, or None when nobody answers within 5 s."""
    try:
        with _DIRECT.open(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        return refused.code
    except (OSError, http.client.HTTPException):
        return None
