from collections.abc import Iterator

import pytest

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Clients


@pytest.fixture(scope="module")
def shared_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """One server for the tests of a module."""
    with EmbeddedAws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def aws(shared_aws: EmbeddedAws) -> EmbeddedAws:
    """A running server without any content."""
    shared_aws.start()
    shared_aws.reset()
    return shared_aws


@pytest.fixture
def root(aws: EmbeddedAws) -> Clients:
    """Clients that may do everything."""
    return Clients.of_root(aws)
