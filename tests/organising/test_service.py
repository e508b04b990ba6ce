"""Jobs over more files than one step takes."""

from datetime import timedelta

import pytest

from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller
from chalicelib.core.ids import new_id
from chalicelib.organising.jobs import PATIENCE
from chalicelib.organising.models import Action, Edit, Job, JobEnded, JobState
from chalicelib.organising.service import STEP
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import Deliver, FakeClock, Messages, a_request, new_caller

FILES = STEP + 5


@pytest.fixture
def many(library: Library, caller: Caller) -> int:
    for number in range(FILES):
        request = a_request(f"{number}.txt", str(number).encode(), tags=("sea",))
        library.uploads.begin(caller, request)
    return FILES


@pytest.fixture
def begun(library: Library, caller: Caller, many: int) -> Job:
    """Return a job after its first step."""
    assert many > STEP
    job = library.organising.rename_tag(caller, "SEA", "Ocean")
    assert (job.state, job.total, job.done) == (JobState.RUNNING, FILES, STEP)
    return job


def tagged(library: Library, caller: Caller, tag: str) -> int:
    counts, _ = library.files.catalogue.tags(caller.user_id, tag, limit=10, cursor=None)
    return sum(one.files for one in counts)


def waiting(library: Library) -> str:
    """Take what waits in the queue of jobs."""
    queue = Messages(library.settings.jobs_queue_url)
    return " ".join(record["body"] for record in queue.take())


def test_a_job_goes_on_in_the_background_to_its_end(
    library: Library, caller: Caller, begun: Job, do_jobs: Deliver
) -> None:
    assert do_jobs() == {"batchItemFailures": []}
    finished = library.organising.get(caller, begun.id)
    assert (finished.state, finished.done, finished.failed) == (JobState.FINISHED, FILES, 0)
    assert tagged(library, caller, "ocean") == FILES
    assert tagged(library, caller, "sea") == 0


def test_a_step_that_comes_twice_changes_nothing(library: Library, caller: Caller, begun: Job) -> None:
    library.organising.advance(begun.id)
    finished = library.organising.get(caller, begun.id)
    assert library.organising.advance(begun.id) == finished
    assert finished.done == FILES


def test_a_cancelled_job_stops_and_leaves_what_is_done(library: Library, caller: Caller, begun: Job) -> None:
    library.organising.cancel(caller, begun.id)
    library.organising.advance(begun.id)
    assert library.organising.get(caller, begun.id).state is JobState.CANCELLED
    assert (tagged(library, caller, "ocean"), tagged(library, caller, "sea")) == (STEP, FILES - STEP)
    with pytest.raises(JobEnded):
        library.organising.cancel(caller, begun.id)


def test_a_job_whose_message_was_lost_is_sent_for_again(
    library: Library, caller: Caller, begun: Job, clock: FakeClock
) -> None:
    waiting(library)
    library.organising.jobs.remind()
    assert begun.id not in waiting(library)
    clock.advance(PATIENCE + timedelta(seconds=1))
    library.organising.jobs.remind()
    assert begun.id in waiting(library)
    library.organising.advance(begun.id)
    assert library.organising.get(caller, begun.id).state is JobState.FINISHED
    clock.advance(PATIENCE + timedelta(seconds=1))
    library.organising.jobs.remind()
    assert begun.id not in waiting(library)


def test_files_that_come_after_a_job_began_are_left_alone(
    library: Library, caller: Caller, begun: Job
) -> None:
    library.uploads.begin(caller, a_request("late.txt", b"late", tags=("sea",)))
    library.organising.advance(begun.id)
    assert tagged(library, caller, "sea") == 1


def test_a_job_over_a_filter_takes_only_what_fits(library: Library, caller: Caller, many: int) -> None:
    job = library.organising.edit_all(caller, Criteria(words="1"), Edit(Action.TAG, ("one",)))
    assert (job.state, job.done) == (JobState.FINISHED, 1)
    assert tagged(library, caller, "one") == 1
    assert tagged(library, caller, "sea") == many


def test_what_is_put_into_a_category_for_everybody_as_it_ends_is_not_left_in_it(
    library: Library, caller: Caller
) -> None:
    categories = library.files.catalogue.categories
    owners = [new_caller(), new_caller()]
    category = categories.add(caller, f"Holidays {new_id()}", shared=True)
    begun = [library.uploads.begin(one, a_request(category=category.id)) for one in owners]
    files = [one.file for one in begun if isinstance(one, Begun)]
    job = library.organising.delete_category(caller, category, None)
    assert (job.state, job.done) == (JobState.RUNNING, 2)
    late = library.files.get(owners[0], files[0].id)
    library.files.edit(
        owners[0], late, {"category": category.id}
    )  # had been checked before the category ended
    library.organising.advance(job.id)
    ended = library.organising.get(caller, job.id)
    assert (ended.state, ended.done, ended.failed) == (JobState.FINISHED, 3, 0)
    assert [library.files.get(who, file.id).category for who, file in zip(owners, files, strict=True)] == [
        None
    ] * 2


def test_all_of_the_trash_is_erased_but_what_comes_into_it_or_leaves_it_meanwhile(
    library: Library, caller: Caller, many: int, clock: FakeClock
) -> None:
    organising, files = library.organising, library.files
    thrown = organising.edit_all(caller, Criteria(), Edit(Action.DELETE))
    organising.advance(thrown.id)
    stays = library.uploads.begin(caller, a_request("stays.txt", b"stays"))
    late = library.uploads.begin(caller, a_request("late.txt", b"late"))
    assert isinstance(stays, Begun)
    assert isinstance(late, Begun)
    oldest = files.trash(caller, limit=100, cursor=files.trash(caller, limit=100, cursor=None).next_cursor)
    job = organising.empty_trash(caller)
    assert (job.state, job.done) == (JobState.RUNNING, STEP)
    files.restore(caller, oldest.items[0].id)
    clock.advance(timedelta(seconds=1))
    files.throw_away(caller, late.file.id, None)
    organising.advance(job.id)
    ended = organising.get(caller, job.id)
    assert (ended.state, ended.done, ended.failed) == (JobState.FINISHED, many - 1, 0)
    assert [file.id for file in files.trash(caller, limit=10, cursor=None).items] == [late.file.id]
    kept = {file.id for file in files.find(caller, Criteria(), limit=10).items}
    assert kept == {stays.file.id, oldest.items[0].id}
