"""Brings the whole library up on one machine, in order, and keeps it up.

The embedded AWS first (unless one runs already), then its resources, then the API, a worker for every queue
that has a role of its own, and the schedules. Each runs under its function's role. The banner comes when the
API really answers.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import boto3
from botocore.exceptions import EndpointConnectionError

from infra.local import credentials, embedded, media
from infra.local.banner import Banner
from infra.local.credentials import Endpoint
from infra.local.event_sources import upper_snake
from infra.local.settings import Refused, Settings, refuse_busy_port
from infra.local.stack import StackFailed, deploy, environment_of
from infra.local.supervisor import Service, Supervisor

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
_QUEUE = "QueueUrl"


class Runner:
    """One run of everything; `stop` ends it whatever state it is in."""

    def __init__(self, settings: Settings, terminal: TextIO, inherited: Mapping[str, str]) -> None:
        self._settings = settings
        self._terminal = terminal
        self._inherited = inherited
        self._supervisor = Supervisor(settings.folder / "logs", terminal)
        self._tools = media.MediaTools(settings.folder / "logs" / "media-tools.log", terminal)
        self._banner = Banner(settings, terminal)

    def run(self) -> None:
        """Start everything and keep it running. Raises Refused, ChildKeepsDying."""
        refuse_busy_port(self._settings.port, "PORT")
        endpoint = self._aws()
        outputs = self._stack(endpoint)
        roles = credentials.profiles_of(outputs)
        credentials.write_profiles(self._profiles, endpoint, roles)
        shared = {
            **self._inherited,
            "MEDIATHEQUE_BASE_URL": self._settings.api_url,
            "MEDIA_TOOLS_DIR": self._tools.folder(),
            **environment_of(outputs),
        }
        for name, module, arguments in self._processes(outputs, roles):
            environment = self._environment(shared, endpoint, name)
            self._supervisor.start(Service(name, module, environment, arguments))
        as_root = self._environment(shared, endpoint, credentials.ROOT)
        threading.Thread(target=self._banner.show, args=(as_root,), daemon=True).start()
        self._supervisor.run()

    def stop(self) -> None:
        """End every child, and show the first admin's login if it was made and never shown."""
        self._tools.stop()
        self._supervisor.stop()
        self._banner.show_login()

    def kill(self) -> None:
        """End every child at once."""
        self._supervisor.kill()

    @property
    def _profiles(self) -> Path:
        return self._settings.folder / "aws"

    def _environment(self, shared: Mapping[str, str], endpoint: Endpoint, profile: str) -> dict[str, str]:
        return credentials.environment(shared, self._profiles, endpoint, profile)

    def _aws(self) -> Endpoint:
        settings = self._settings
        if settings.endpoint is None:
            refuse_busy_port(settings.aws_port, "AWS_PORT")
            return embedded.start(self._supervisor, settings)
        key = self._inherited.get("AWS_ACCESS_KEY_ID", "test")
        secret = self._inherited.get("AWS_SECRET_ACCESS_KEY", "test")
        return Endpoint(settings.endpoint, settings.region, key, secret)

    def _stack(self, endpoint: Endpoint) -> dict[str, str]:
        credentials.write_profiles(self._profiles, endpoint, roles={})
        credentials.become(self._environment(self._inherited, endpoint, credentials.ROOT))
        try:
            return deploy(boto3.Session(), TEMPLATE)
        except EndpointConnectionError:
            raise Refused(f"No AWS answers at {endpoint.url}: start it, or unset AWS_ENDPOINT_URL.") from None
        except StackFailed as fault:
            raise Refused(f"The resources of {TEMPLATE.name} could not be made. {fault}") from fault

    def _processes(
        self, outputs: Mapping[str, str], roles: Mapping[str, str]
    ) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return name (also the profile), module and arguments of each process."""
        queues = [_kebab(key.removesuffix(_QUEUE)) for key in outputs if key.endswith(_QUEUE)]
        diary = str(self._settings.folder / "schedules.json")
        processes: list[tuple[str, str, tuple[str, ...]]] = [
            ("api", "infra.local.serve", ()),
            *((queue, "infra.local.worker", (queue,)) for queue in queues if queue in roles),
            ("sweep", "infra.local.schedules", ("--diary", diary)),
        ]
        for name, _, _ in processes:
            if name not in roles:
                raise Refused(f"{TEMPLATE.name} has no output {name.title()}RoleArn.")
        return processes


def _kebab(name: str) -> str:
    return upper_snake(name).lower().replace("_", "-")
