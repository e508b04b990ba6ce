"""The list of background jobs and their counts agree with the jobs, whatever becomes of these."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalogue.counters import statistics
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller
from chalicelib.exports.models import ExportNotFound, ExportState, Wanted
from chalicelib.exports.tables import Table, wanted
from chalicelib.exports.writing import CLAIMS, LIFE
from chalicelib.exports.writing import KEPT as EXPORT_KEPT
from chalicelib.organising.jobs import KEPT
from chalicelib.organising.models import Action, Edit, Job, JobNotFound, JobState
from chalicelib.wiring import Library
from infra.recount import recount
from tests.conftest import FakeClock, a_request, new_caller

pytestmark = pytest.mark.usefixtures("nothing_due")
MOMENT = timedelta(seconds=1)
NOTHING: dict[str, dict[str, int]] = {}


def counted(library: Library, caller: Caller) -> dict[str, dict[str, int]]:
    """Return the counts that are kept, which must be what counting finds."""
    assert recount(library, caller.user_id, repair=False)["differences"] == []
    return library.files.catalogue.statistics(caller.user_id).jobs


def listed(library: Library, caller: Caller) -> list[tuple[str, str]]:
    page = library.organising.jobs.listed.of_caller(caller, state=None, kind=None, limit=100, cursor=None)
    return [(job.kind, job.state) for job in page.items]


def an_edit(library: Library, caller: Caller) -> Job:
    """Return a job that has ended."""
    library.uploads.begin(caller, a_request())
    return library.organising.edit_all(caller, Criteria(), Edit(Action.TAG, ("sea",)))


def a_running_edit(library: Library, caller: Caller) -> Job:
    job = an_edit(library, caller)
    return library.organising.jobs.save(
        Job(**vars(job) | {"state": JobState.RUNNING, "due_at": job.created_at}), job
    )


def test_a_job_is_listed_and_counted_through_its_life_and_removed_a_month_after_its_end(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    job = an_edit(library, caller)
    assert listed(library, caller) == [("tag", "finished")]
    assert counted(library, caller) == {"tag": {"finished": 1}}
    clock.advance(KEPT - MOMENT)
    library.organising.jobs.remind()
    assert library.organising.get(caller, job.id) == job
    clock.advance(2 * MOMENT)
    for _ in range(2):
        library.organising.jobs.remind()
        with pytest.raises(JobNotFound):
            library.organising.get(caller, job.id)
        assert (listed(library, caller), counted(library, caller)) == ([], NOTHING)


def test_a_cancelled_job_is_counted_as_such(library: Library, caller: Caller) -> None:
    job = a_running_edit(library, caller)
    assert counted(library, caller) == {"tag": {"running": 1}}
    library.organising.cancel(caller, job.id)
    assert listed(library, caller) == [("tag", "cancelled")]
    assert counted(library, caller) == {"tag": {"cancelled": 1}}


def test_an_export_is_listed_and_counted_until_a_month_after_it_expired(
    library: Library, caller: Caller, clock: FakeClock
) -> None:
    export = library.exports.begin(caller, wanted(Table(Criteria(), ("id",)), 0))
    states = [counted(library, caller)]
    library.exports.advance(caller.user_id, export.id)
    states.append(counted(library, caller))
    clock.advance(LIFE + MOMENT)
    library.exports.advance(caller.user_id, export.id)
    states.append(counted(library, caller))
    assert states == [{"table": {state: 1}} for state in ("running", "finished", "expired")]
    clock.advance(EXPORT_KEPT - MOMENT)
    assert library.exports.get(caller, export.id).state is ExportState.EXPIRED
    clock.advance(2 * MOMENT)
    assert library.exports.advance(caller.user_id, export.id) is None
    assert (listed(library, caller), counted(library, caller)) == ([], NOTHING)
    with pytest.raises(ExportNotFound):
        library.exports.get(caller, export.id)


def test_an_export_that_failed_tells_why_in_the_list(library: Library, caller: Caller) -> None:
    export = library.exports.begin(caller, Wanted("archive", "no JSON", "a.zip", "application/zip"))
    for _ in range(CLAIMS):
        with pytest.raises(ValueError, match="JSON"):
            library.exports.advance(caller.user_id, export.id)
    library.exports.advance(caller.user_id, export.id)
    page = library.organising.jobs.listed.of_caller(caller, state="failed", kind=None, limit=10, cursor=None)
    assert [(job.id, job.code) for job in page.items] == [(export.id, "not_written")]
    assert counted(library, caller) == {"archive": {"failed": 1}}
    library.exports.remove(caller, export.id)
    assert (listed(library, caller), counted(library, caller)) == ([], NOTHING)


def test_jobs_go_with_their_owner(library: Library, caller: Caller) -> None:
    other = new_caller()
    for owner in (caller, other):
        library.exports.begin(owner, wanted(Table(Criteria(), ("id",)), 0))
        running = a_running_edit(library, owner)
    for _ in range(2):
        library.organising.jobs.forget(caller.user_id)
        library.exports.writing.forget(caller.user_id)
        assert (listed(library, caller), counted(library, caller)) == ([], NOTHING)
    assert library.organising.get(other, running.id) == running
    assert counted(library, other) == {"table": {"running": 1}, "tag": {"running": 1}}


def test_counts_of_jobs_that_went_wrong_are_put_right(library: Library, caller: Caller) -> None:
    an_edit(library, caller)
    wrong: dict[str, Any] = {"job:tag:finished": 2, "job:archive:failed": 1}
    library.tables.commit([library.files.catalogue.counters.jobs(caller.user_id, wrong)])
    differences = recount(library, caller.user_id, repair=True)["differences"]
    assert {one["of"]: one["found"] - one["kept"] for one in differences} == {
        "job:archive:failed": -1,
        "job:tag:finished": -2,
    }
    assert counted(library, caller) == {"tag": {"finished": 1}}


def test_labels_of_jobs_are_told_apart_from_those_of_files() -> None:
    found = statistics({"files": 1, "job:tag:finished": 2, "job:tag:running": 1, "type:image": 1})
    assert found.jobs == {"tag": {"finished": 2, "running": 1}}
    assert found.groups["type"] == {"image": (1, 0)}
