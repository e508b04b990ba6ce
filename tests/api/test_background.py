"""One's background jobs over HTTP: one list, whatever they do."""

import pytest

from chalicelib.wiring import library as this_process
from infra.recount import recount
from tests.api.test_statistics import added_up
from tests.conftest import Deliver
from tests.doors import Door


@pytest.fixture
def jobs(ana: Door, do_jobs: Deliver) -> list[str]:
    """Return the ids of four jobs, oldest first; nobody else's wait."""
    do_jobs()
    ana.upload("a.txt", b"1", tags="sea,sun")
    return [
        ana.ok("PATCH", "/v1/tags/sea", 200, json={"name": "Ocean"})["id"],
        ana.ok("POST", "/v1/exports", 202, json={})["id"],
        ana.ok("POST", "/v1/jobs", 200, json={"action": "tag", "tags": ["x"], "filter": {}})["id"],
        ana.ok("POST", "/v1/exports/zip", 202, json={"filter": {}})["id"],
    ]


def ids(door: Door, query: str = "") -> list[str]:
    return [job["id"] for job in door.get(f"/v1/jobs?{query}")["items"]]


def test_all_jobs_are_in_one_list_newest_first_and_each_is_read_where_it_says(
    ana: Door, ben: Door, jobs: list[str]
) -> None:
    items = ana.get("/v1/jobs")["items"]
    assert [job["id"] for job in items] == jobs[::-1]
    assert [(job["kind"], job["state"]) for job in items] == [
        ("archive", "running"),
        ("tag", "finished"),
        ("table", "running"),
        ("retag", "finished"),
    ]
    for job in items:
        told = ana.get(job["location"])
        assert (told["id"], told["state"], told["updated_at"]) == (job["id"], job["state"], job["updated_at"])
    assert items[1] | {"done": 1, "unchanged": 0, "failed": 0, "total": 1, "code": None} == items[1]
    assert ids(ben) == []


def test_jobs_are_filtered_and_come_in_pages(ana: Door, ben: Door, jobs: list[str], do_jobs: Deliver) -> None:
    assert ids(ana, "status=finished") == [jobs[2], jobs[0]]
    assert ids(ana, "kind=table") == [jobs[1]]
    assert ids(ana, "kind=table&status=finished") == []
    found: list[str] = []
    query = "status=running&limit=1"
    for _ in range(3):
        page = ana.get(f"/v1/jobs?{query}")
        found += [job["id"] for job in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"status=running&limit=1&cursor={page['next_cursor']}"
    assert found == [jobs[3], jobs[1]]
    first = ana.get("/v1/jobs?limit=3")
    assert ids(ana, f"limit=3&cursor={first['next_cursor']}") == jobs[:1]
    ben.refused("GET", f"/v1/jobs?limit=3&cursor={first['next_cursor']}", 400, "cursor_invalid")
    ana.refused("GET", f"/v1/jobs?kind=tag&cursor={first['next_cursor']}", 400, "cursor_invalid")
    ana.refused("GET", "/v1/jobs?status=lost", 422, "invalid")
    do_jobs()
    assert ids(ana, "status=finished") == jobs[::-1]
    ana.ok("DELETE", f"/v1/exports/{jobs[1]}", 204)
    assert ids(ana) == [jobs[3], jobs[2], jobs[0]]


def test_jobs_are_counted_by_kind_and_state(
    ana: Door, admin: Door, jobs: list[str], do_jobs: Deliver
) -> None:
    before = added_up(admin)["background_jobs"]
    assert ana.get("/v1/me/stats")["background_jobs"] == {
        "archive": {"running": 1},
        "retag": {"finished": 1},
        "table": {"running": 1},
        "tag": {"finished": 1},
    }
    do_jobs()
    ana.ok("DELETE", f"/v1/exports/{jobs[1]}", 204)
    assert ana.get("/v1/me/stats")["background_jobs"] == {
        "archive": {"finished": 1},
        "retag": {"finished": 1},
        "tag": {"finished": 1},
    }
    assert recount(this_process(), ana.get("/v1/me")["id"], repair=False)["differences"] == []
    after = added_up(admin)["background_jobs"]
    finished = [one.get("archive", {}).get("finished", 0) for one in (before, after)]
    assert finished[1] - finished[0] == 1


def test_a_job_tells_which_files_failed_and_why(ana: Door) -> None:
    full = ana.upload("full.txt", b"1", tags=",".join(f"t{n}" for n in range(20)))["id"]
    ana.upload("free.txt", b"22")
    body = {"action": "tag", "tags": ["one more"], "filter": {}}
    job = ana.ok("POST", "/v1/jobs", 200, json=body)
    assert (job["done"], job["failed"]) == (1, 1)
    assert job["failures"] == [
        {"id": full, "code": "too_many_tags", "detail": "A file may have at most 20 tags."}
    ]
    assert ana.get(f"/v1/jobs/{job['id']}") == job
    assert ana.get("/v1/jobs")["items"][0]["failed"] == 1
