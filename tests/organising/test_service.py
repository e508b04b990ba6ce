"""Jobs over more files than one step takes."""

import dataclasses
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.catalogue.categories import CategoryUnknown
from chalicelib.catalogue.models import Criteria
from chalicelib.core.caller import Caller
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page
from chalicelib.files.models import File, FileChanged
from chalicelib.files.service import Files
from chalicelib.organising.jobs import PATIENCE
from chalicelib.organising.models import Action, Edit, Job, JobEnded, JobState
from chalicelib.organising.service import LOOKS
from chalicelib.uploads.models import Begun
from chalicelib.wiring import Library
from tests.conftest import Deliver, FakeClock, Messages, a_request, new_caller

STEP, FILES = 5, 8


@pytest.fixture
def library(library: Library) -> Library:
    """Return the library with jobs of small steps."""
    vars(library)["organising"] = replace(library.organising, step=STEP)
    return library


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


def test_files_that_come_after_a_job_over_a_filter_began_are_left_alone(
    library: Library, caller: Caller, many: int
) -> None:
    job = library.organising.edit_all(caller, Criteria(tags=("sea",)), Edit(Action.TAG, ("water",)))
    library.uploads.begin(caller, a_request("late.txt", b"late", tags=("sea",)))
    library.organising.advance(job.id)
    assert library.organising.get(caller, job.id).state is JobState.FINISHED
    assert tagged(library, caller, "water") == many


def test_files_that_come_with_the_old_tag_while_it_is_renamed_get_the_new_one(
    library: Library, caller: Caller, begun: Job
) -> None:
    for number in range(3):
        assert (
            library.organising.get(caller, begun.id).state
            is (JobState.RUNNING, JobState.FINISHED)[number > 1]
        )
        library.uploads.begin(caller, a_request(f"late{number}.txt", f"late{number}".encode(), tags=("sea",)))
        library.organising.advance(begun.id)
    assert library.organising.get(caller, begun.id).done == FILES + 2
    assert (tagged(library, caller, "ocean"), tagged(library, caller, "sea")) == (FILES + 2, 1)


def test_a_job_looks_again_a_few_times_only(library: Library, caller: Caller) -> None:
    names = iter(range(1000))

    def while_others_upload(*asked: Any, **how: Any) -> Page[File]:
        page, name = library.organising.page_of(*asked, **how), f"{next(names)}.txt"
        library.uploads.begin(caller, a_request(name, name.encode(), tags=("sea",)))
        return page

    library.uploads.begin(caller, a_request(tags=("sea",)))
    organising = replace(library.organising, page_of=while_others_upload)
    job = organising.delete_tag(caller, "sea")
    for _ in range(LOOKS):
        assert job.state is JobState.RUNNING
        job = organising.advance(job.id) or job
    assert job.state is JobState.FINISHED
    assert tagged(library, caller, "sea") == 1


def test_a_job_does_not_look_again_for_files_that_fail(library: Library, caller: Caller) -> None:
    begun = library.uploads.begin(caller, a_request(tags=("sea",)))
    assert isinstance(begun, Begun)
    fields = {one.name: getattr(library.files, one.name) for one in dataclasses.fields(library.files)}
    stuck = Stuck(**fields, stuck=begun.file.id)
    organising = replace(library.organising, files=stuck)
    job = organising.rename_tag(caller, "sea", "ocean")
    assert (job.state, job.failed, [one.code for one in job.failures]) == (
        JobState.FINISHED,
        1,
        ["version_mismatch"],
    )


@dataclass(frozen=True)
class Stuck(Files):
    """Files of which one is always just being changed by others."""

    stuck: str = ""

    def edit(self, caller: Caller, before: File, changes: dict[str, Any]) -> File:
        if before.id == self.stuck:
            raise FileChanged("Somebody was quicker.")
        return super().edit(caller, before, changes)


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
    with pytest.raises(CategoryUnknown):  # had been checked before the category ended
        library.files.edit(owners[0], late, {"category": category.id})
    library.organising.advance(job.id)
    ended = library.organising.get(caller, job.id)
    assert (ended.state, ended.done, ended.failed) == (JobState.FINISHED, 2, 0)
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
    oldest = files.trash(caller, limit=STEP, cursor=files.trash(caller, limit=STEP, cursor=None).next_cursor)
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
