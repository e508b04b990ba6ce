from chalicelib.core.job import Kind
from chalicelib.events.jobs import KINDS


def test_every_kind_of_job_has_one_who_does_it() -> None:
    assert set(KINDS) == set(Kind)
