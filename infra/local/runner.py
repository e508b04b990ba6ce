"""Brings the whole library up on one machine, in order, and keeps it up.

The embedded AWS first (unless one runs already), then its resources, then the API, a worker for every queue that has
a role of its own, and the schedules. Each runs under its function's role. The banner comes when the API really answers.
"""

import dataclasses
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from botocore.exceptions import EndpointConnectionError

from infra.local import credentials, embedded, media
from infra.local.banner import Banner
from infra.local.credentials import Endpoint
from infra.local.event_sources import upper_snake
from infra.local.settings import Refused, Settings, refuse_busy_port
from infra.local.stack import StackFailed, deploy, environment_of
from infra.local.supervisor import Service, Supervisor

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
_TOOLS_EXPECTED = (
    "MEDIATHEQUE_MEDIA_TOOLS_EXPECTED"  # a worker that has it lets audio and video wait for the tools
)
_QUEUE = "QueueUrl"
_STANDING_BACK = {"media": ("--nice", "10"), "jobs": ("--nice", "10")}
"""What takes long lets what people wait for go first; on Lambda each has a machine of its own."""


class Runner:
    """One run of everything; `stop` ends it whatever state it is in."""

    def __init__(
        self,
        settings: Settings,
        terminal: TextIO,
        inherited: Mapping[str, str],
        lock: int,
        template: Path = TEMPLATE,
    ) -> None:
        self._settings = settings
        self._inherited = inherited
        self._template = template
        self._supervisor = Supervisor(settings.folder / "logs", terminal, kept=[lock])
        self._tools = media.MediaTools(settings.folder / "logs" / "media-tools.log", terminal)
        self._banner = Banner(settings, terminal)
        self._workers: list[Service] = []

    def run(self) -> None:
        """Start everything and keep it running. Raises Refused, ChildKeepsDying."""
        refuse_busy_port(self._settings.port, "PORT")
        endpoint = self._aws()
        outputs = self._stack(endpoint)
        roles = credentials.profiles_of(outputs)
        credentials.write_profiles(self._profiles, endpoint, roles)
        shared = {
            **self._inherited,
            "MEDIA_TOOLS_DIR": self._tools.provide(self._media_build_failed),
            "MEDIATHEQUE_BASE_URL": self._base_url,
            **environment_of(outputs),
        }
        self._start(shared, endpoint, outputs, roles)
        as_root = self._environment(shared, endpoint, credentials.ROOT)
        threading.Thread(target=self._banner.show, args=(as_root,), daemon=True).start()
        self._supervisor.run()

    def stop(self) -> None:
        """End every child, and show the first admin's login if it was made and never shown."""
        self._supervisor.stop()
        self._tools.stop()
        self._banner.show_login()

    def kill(self) -> None:
        """End every child at once."""
        self._supervisor.kill()

    @property
    def _base_url(self) -> str:
        return self._inherited.get("MEDIATHEQUE_BASE_URL", self._settings.api_url)

    def _parameters(self) -> dict[str, str]:
        """Return what the template is told: the bucket lets pages of some origins in, and the library's own."""
        origins = self._inherited.get("MEDIATHEQUE_ALLOWED_ORIGINS")
        return {"AllowedOrigins": origins, "BaseUrl": self._base_url} if origins else {}

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
        try:
            return deploy(endpoint, self._template, parameters=self._parameters())
        except EndpointConnectionError:
            raise Refused(f"No AWS answers at {endpoint.url}: start it, or unset AWS_ENDPOINT_URL.") from None
        except StackFailed as fault:
            raise Refused(f"The resources of {self._template.name} could not be made. {fault}") from fault

    def _start(
        self,
        shared: Mapping[str, str],
        endpoint: Endpoint,
        outputs: Mapping[str, str],
        roles: Mapping[str, str],
    ) -> None:
        for name, module, arguments in self._processes(outputs, roles):
            if name not in roles:
                raise Refused(f"{self._template.name} has no output {name.title()}RoleArn.")
            environment = self._environment(shared, endpoint, name)
            if module.endswith("worker"):
                environment[_TOOLS_EXPECTED] = str(self._tools.are_expected).lower()
                self._workers.append(Service(name, module, environment, arguments))
            self._supervisor.start(Service(name, module, environment, arguments))

    def _processes(
        self, outputs: Mapping[str, str], roles: Mapping[str, str]
    ) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield name (also the profile), module and arguments of each process."""
        yield "api", "infra.local.serve", ()
        for key in outputs:
            queue = upper_snake(key.removesuffix(_QUEUE)).lower().replace("_", "-")
            if key.endswith(_QUEUE) and queue in roles:
                yield queue, "infra.local.worker", (queue, *_STANDING_BACK.get(queue, ()))
        yield "sweep", "infra.local.schedules", ("--diary", str(self._settings.folder / "schedules.json"))

    def _media_build_failed(self) -> None:
        """Tell the workers, who let audio and video wait, to wait no longer."""
        for worker in self._workers:
            environment = {**worker.environment, _TOOLS_EXPECTED: "false"}
            self._supervisor.renew(dataclasses.replace(worker, environment=environment))
