"""The library's services in this process, on an embedded AWS of its own that is thrown away."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench._machine import ROOT
from chalicelib.aws.clients import Clients
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from infra.local.credentials import Endpoint
from infra.local.embedded_aws.process import EmbeddedAws
from infra.local.stack import deploy, environment_of

REGION = "eu-west-1"


@contextmanager
def embedded_library() -> Iterator[Library]:
    """Deploy the template until the block ends; processes that are started meanwhile see the same environment."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        EmbeddedAws(Path(folder), environment={"MINISTACK_REGION": REGION}) as aws,
    ):
        root = aws.root_credentials
        endpoint = Endpoint(aws.endpoint_url, REGION, root.access_key_id, root.secret_access_key)
        os.environ.update(
            AWS_ENDPOINT_URL=aws.endpoint_url,
            AWS_ACCESS_KEY_ID=root.access_key_id,
            AWS_SECRET_ACCESS_KEY=root.secret_access_key,
            AWS_DEFAULT_REGION=REGION,
            AWS_EC2_METADATA_DISABLED="true",
            **environment_of(deploy(endpoint, ROOT / "infra" / "template.yaml")),
        )
        yield build(Settings.from_environment(), Clients())
