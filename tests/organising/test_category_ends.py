"""No file is left in a category that has ended, however its coming races with the end."""

import threading
from collections.abc import Callable

import pytest

from chalicelib.catalogue.categories import Category, CategoryUnknown
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import new_id
from chalicelib.files.models import File
from chalicelib.organising.jobs import PATIENCE
from chalicelib.organising.models import Action, Edit, Job, JobState
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import Deliver, a_request

ROUNDS = 6


def a_file(library: Library, caller: Caller, category: str | None = None) -> File:
    begun = library.uploads.begin(caller, a_request(content=new_id().encode(), category=category))
    assert isinstance(begun, Begun)
    return begun.file


def a_category(library: Library, caller: Caller) -> Category:
    return library.files.catalogue.categories.add(caller, f"Holidays {new_id()}")


def at_the_same_time(*acts: Callable[[], object]) -> list[LibraryError]:
    """Do some things at once, and return the refusals."""
    barrier, refused = threading.Barrier(len(acts)), list[LibraryError]()

    def act(what: Callable[[], object]) -> None:
        barrier.wait()
        try:
            what()
        except LibraryError as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=act, args=[one]) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_a_change_an_upload_and_a_restoring_race_with_the_end_of_their_category(
    library: Library, caller: Caller, turn: int
) -> None:
    category = a_category(library, caller)
    changed, thrown = a_file(library, caller), a_file(library, caller, category.id)
    library.files.throw_away(caller, thrown.id, None)
    acts: list[Callable[[], object]] = [
        lambda: library.files.change(caller, changed.id, {"category": category.id}, None),
        lambda: a_file(library, caller, category.id),
        lambda: library.files.restore(caller, thrown.id),
        lambda: library.organising.delete_category(caller, category, None),
    ]
    refused = at_the_same_time(*acts[turn:], *acts[:turn])
    assert {type(one) for one in refused} <= {CategoryUnknown}
    found = library.files.newest_first(caller, limit=100, cursor=None).items
    assert [file.id for file in found if file.category == category.id] == []
    assert library.files.get(caller, thrown.id).trashed_at is None


def test_who_had_looked_before_the_end_comes_too_late(library: Library, caller: Caller) -> None:
    category = a_category(library, caller)
    file, thrown = a_file(library, caller), a_file(library, caller, category.id)
    library.files.throw_away(caller, thrown.id, None)
    thrown = library.files.get(caller, thrown.id)
    library.organising.delete_category(caller, category, None)
    with pytest.raises(CategoryUnknown):
        library.files.edit(caller, file, {"category": category.id, "caption": "x"})
    assert library.files.get(caller, file.id) == file
    assert library.files.move(caller, thrown, to_trash=False).category is None


def test_a_job_whose_category_ends_meanwhile_tells_which_files_failed(
    library: Library, caller: Caller
) -> None:
    category, file = a_category(library, caller), a_file(library, caller)
    organising, edit = library.organising, Edit(Action.CATEGORISE, category=category.id)
    outcomes = [organising.edit(caller, [file.id], edit)]
    library.files.change(caller, file.id, {"category": None}, None)
    ended = organising.delete_category(caller, category, None)
    assert (ended.state, ended.done) == (JobState.FINISHED, 0)
    late = library.files.get(caller, file.id)
    outcomes.append([organising._edit_one(caller, file.id, late, edit)])
    assert [(one.result.value, one.code) for [one] in outcomes] == [
        ("done", None),
        ("failed", "category_unknown"),
    ]


def test_a_job_in_the_background_puts_files_into_a_category(
    library: Library, caller: Caller, do_jobs: Deliver
) -> None:
    category, file = a_category(library, caller), a_file(library, caller)
    jobs, moment = library.organising.jobs, library.files.clock()
    edit = Edit(Action.CATEGORISE, category=category.id)
    job = Job(new_id(), caller.user_id, Criteria(), edit, moment, moment, moment + PATIENCE)
    jobs.begin(job, [])
    jobs.send_for(job)
    assert do_jobs() == {"batchItemFailures": []}
    assert library.organising.get(caller, job.id).failures == ()
    assert library.files.get(caller, file.id).category == category.id
