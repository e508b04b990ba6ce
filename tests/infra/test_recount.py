from chalicelib.core.caller import Caller
from chalicelib.wiring import Library
from infra.recount import recount
from tests.conftest import a_request


def test_a_recount_proves_the_counts_right(library: Library, caller: Caller) -> None:
    library.uploads.begin(caller, a_request(tags=("sea",)))
    assert recount(library, caller.user_id, repair=False)["differences"] == []
