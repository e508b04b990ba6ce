"""Runs one of the library's commands against what `make run` serves, as root of its AWS.

    .venv/bin/python -m infra.local.command infra.admin reset --email admin@mediatheque.local

`make run` must be running. DATA_DIR and AWS_PORT (or AWS_ENDPOINT_URL) are as they were given to it.
"""

import configparser
import os
import sys
from collections.abc import Mapping

from botocore.exceptions import EndpointConnectionError

from infra.local import credentials
from infra.local.credentials import Endpoint
from infra.local.settings import Refused, Settings, read_settings
from infra.local.stack import environment_of, outputs_of


def _endpoint(settings: Settings) -> Endpoint:
    written = configparser.ConfigParser()
    written.read(settings.folder / "aws" / "credentials")
    if credentials.ROOT not in written:
        raise Refused(f"Nothing has run in {settings.folder} yet: start `make run`, or name its DATA_DIR.")
    root = written[credentials.ROOT]
    keys = root["aws_access_key_id"], root["aws_secret_access_key"]
    return Endpoint(settings.aws_url, settings.region, *keys)


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which the library is the one that runs. Raises Refused."""
    settings = read_settings(environ)
    endpoint = _endpoint(settings)
    credentials.forget_own()
    try:
        outputs = outputs_of(endpoint)
    except EndpointConnectionError:
        raise Refused(f"No AWS answers at {endpoint.url}: start `make run`, or name its AWS_PORT.") from None
    shared = {**environ, **environment_of(outputs)}
    shared.setdefault("MEDIATHEQUE_BASE_URL", settings.api_url)
    return credentials.environment(shared, settings.folder / "aws", endpoint, credentials.ROOT)


def main() -> None:
    """Become the command."""
    if len(sys.argv) == 1:
        sys.exit(str(__doc__))
    found = environment(dict(os.environ))
    os.execve(sys.executable, [sys.executable, "-m", *sys.argv[1:]], found)  # noqa: S606 - a module of this repository


if __name__ == "__main__":
    try:
        main()
    except Refused as end:
        sys.exit(str(end))
