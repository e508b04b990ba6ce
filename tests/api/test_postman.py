"""The Postman collection, run from top to bottom."""

import pytest

from chalicelib.accounts.models import Account
from chalicelib.core.caller import Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from tests.contract.collection import Run
from tests.doors import PASSWORD, Door


@pytest.fixture
def admin() -> Account:
    """Return one of two admins, with an address as `make run` gives it: the last could not go."""
    emails = [f"postman-{new_id()}@mediatheque.local" for _ in range(2)]
    open_account = this_process().accounts.open
    first, _ = [open_account(email, PASSWORD, None, Origin(), role=Role.ADMIN) for email in emails]
    return first


def test_the_postman_collection_runs_green_for_an_admin(anyone: Door, admin: Account) -> None:
    collection = anyone.get("/postman.json")
    run = Run(collection, {"email": admin.email, "password": PASSWORD})()
    assert not run.failures, "\n".join(run.failures)
    succeeded = [request for request, status in run.answered.items() if status < 400]
    assert len(succeeded) > 0.8 * len(run.answered), len(succeeded) / len(run.answered)


def test_the_postman_collection_runs_green_for_who_opens_an_account_with_it(anyone: Door) -> None:
    variables = {"email": f"postman-{new_id()}@example.org", "password": PASSWORD}
    run = Run(anyone.get("/postman.json"), variables)()
    assert not run.failures, "\n".join(run.failures)
