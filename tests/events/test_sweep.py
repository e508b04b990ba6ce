from chalicelib.events.sweep import sweep
from infra.local.lambda_context import LambdaContext
from tests.conftest import REGION, Messages
from tests.roles import Roles

SCHEDULED = {
    "version": "0",
    "id": "event-1",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "000000000000",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail": {},
}


def test_a_sweep_says_how_much_it_did_and_running_it_twice_is_harmless(
    messages: Messages, roles: Roles
) -> None:
    assert messages.url
    context = LambdaContext("sweep", REGION, timeout_seconds=900)
    with roles.acting_as("Sweep"):
        assert {"uploads", "blobs"} <= set(sweep(SCHEDULED, context))
        assert {"uploads", "blobs"} <= set(sweep(SCHEDULED, context))
