"""What each request may cost, asserted through the public door: the log line of every request carries its receipt."""

import hashlib
from collections.abc import Callable

import pytest

from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door

Cost = Callable[[str], int]


@pytest.fixture
def cost(caplog: pytest.LogCaptureFixture) -> Cost:
    """Return a function that gives the AWS calls of the last request to a route."""
    return lambda route: last(caplog, "aws_calls", route=route)


def last(caplog: pytest.LogCaptureFixture, figure: str, **about: str) -> int:
    """Return a figure of the last line in the log that is about something."""
    lines = [vars(record) for record in caplog.records]
    return int([line[figure] for line in lines if about.items() <= line.items()][-1])


def test_requests_cost_what_they_may(ana: Door, deliver: Deliver, cost: Cost) -> None:
    costs: list[int] = []
    ana.begin("a.txt", b"words")
    assert cost("POST /v1/uploads") == 2
    content = new_id().encode()
    file = ana.upload("b.txt", content)["id"]
    assert cost("POST /v1/files") == 3  # the same, and one to store
    deliver()
    ana.upload("again.txt", content, on_duplicate="link")
    assert cost("POST /v1/files") == 2
    known = {"filename": "c.txt", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    ana.ok("POST", "/v1/uploads", 200, json={**known, "on_duplicate": "link"})
    assert cost("POST /v1/uploads") == 2
    ana.ok("POST", "/v1/uploads/batch", 207, json={"uploads": [{**known, "on_duplicate": "link"}] * 3})
    assert cost("POST /v1/uploads/batch") == 1 + 3 * 2
    ana.get(f"/v1/files/{file}")
    assert cost("GET /v1/files/{file_id}") == 1
    ana.get("/v1/files?limit=100")
    assert cost("GET /v1/files") == 2  # one Query, one BatchGet for the whole records
    for one in (
        "type=document",
        "ext=txt",
        "status=ready",
        "sort=filename",
        "sort=-size",
        "min_size=1&sort=size",
    ):
        ana.get(f"/v1/files?{one}")
        assert cost("GET /v1/files") == 2
    for more in ("type=document&ext=txt", "type=document&ext=txt&tag=none&sort=filename"):
        ana.get(f"/v1/files?{more}")
        assert cost("GET /v1/files") <= 3  # hints, one Query, one BatchGet
    ana.ok("PATCH", f"/v1/files/{file}", 200, json={"filename": "c.txt"})
    assert cost("PATCH /v1/files/{file_id}") == 2
    for _ in range(20):
        ana("GET", f"/v1/files/{file}/download")
        costs.append(cost("GET /v1/files/{file_id}/download"))
    assert sum(costs) <= 21  # one each, and one in half a minute that passes the counts on
    for path, calls in (("renditions", 1), ("metadata", 2), ("jobs", 2)):
        ana.get(f"/v1/files/{file}/{path}")
        assert cost(f"GET /v1/files/{{file_id}}/{path}") == calls
    ana("GET", f"/v1/files/{file}/thumbnail")
    assert cost("GET /v1/files/{file_id}/thumbnail") == 1
    ana.ok("POST", f"/v1/files/{file}/reprocess", 202)
    assert cost("POST /v1/files/{file_id}/reprocess") == 3
    ana.ok("DELETE", f"/v1/files/{file}", 204)
    assert cost("DELETE /v1/files/{file_id}") == 2


def test_content_that_is_here_is_linked_without_a_write_to_storage(
    ana: Door, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    content = new_id().encode() * 10_000
    ana.upload("a.txt", content)
    assert last(caplog, "aws_bytes_sent", route="POST /v1/files") > len(content)
    deliver()
    ana.upload("b.txt", content, on_duplicate="link")
    assert last(caplog, "aws_bytes_sent", route="POST /v1/files") < len(content) / 10
    assert last(caplog, "aws_calls", route="POST /v1/files") == 2


def test_finishing_costs_four_calls_beside_the_ranged_reads(
    ana: Door, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    ana.upload("a.txt", new_id().encode())
    deliver()
    assert last(caplog, "aws_calls", message="arrival handled") == 4 + 1  # one read suffices for a short text


def test_exports_cost_what_they_may(ana: Door, cost: Cost) -> None:
    export = ana.ok("POST", "/v1/exports", 202, json={})["id"]
    assert cost("POST /v1/exports") == 5  # a limit, two for how many files to expect, the export, its message
    ana.ok("POST", "/v1/exports/zip", 202, json={"filter": {}})
    assert cost("POST /v1/exports/zip") == 6  # and one to add up what was counted since: the job before
    ana.get(f"/v1/exports/{export}")
    assert cost("GET /v1/exports/{export_id}") == 1
    ana.get("/v1/exports")
    assert cost("GET /v1/exports") == 1
    for query in ("", "kind=table", "status=running&kind=archive"):
        ana.get(f"/v1/jobs?{query}")
        assert cost("GET /v1/jobs") == 1


def test_file_requests_cost_what_they_may(ana: Door, anyone: Door, cost: Cost) -> None:
    made = ana.ok("POST", "/v1/file-requests", 201, json={"name": "Photos"})
    assert cost("POST /v1/file-requests") == 1
    ana.get("/v1/file-requests")
    assert cost("GET /v1/file-requests") == 2
    anyone.get(f"/r/{made['token']}")
    assert cost("GET /r/{request_token}") == 2
    offer = {"filename": "a.txt", "size": 5, "sha256": "ab" * 32}
    anyone.ok("POST", f"/r/{made['token']}/uploads", 201, json=offer)
    anyone.ok("POST", f"/r/{made['token']}/uploads", 201, json=offer)
    # a limit, the request, its owner, their quota, the place; the first had to learn what may be uploaded, too
    assert cost("POST /r/{request_token}/uploads") == 5


def test_finding_costs_what_it_may(ana: Door, deliver: Deliver, cost: Cost) -> None:
    """Calls, with one BatchGet for the whole records; tests/catalogue/test_costs.py has units and other sizes."""
    category = ana.ok("POST", "/v1/categories", 201, json={"name": "Travel"})["id"]
    fields = {"tags": "sea,sun", "category": category, "content_id": "post/1", "caption": "on the beach"}
    file = ana.upload("a.txt", b"1", **fields)["id"]
    deliver()
    one = (
        "tag=sea",
        f"category={category}",
        "content_id=post/1",
        "visibility=private",
        "created_after=2026-01-01T00:00:00Z",
    )
    two = (
        "tag=sea&tag=sun",
        "tag=sea&type=document",
        "tag=sea&ext=txt&status=ready",
        f"category={category}&ext=txt&tag=sun",
    )
    words = (
        "q=beach",
        "q=beach&tag=sea",
        "q=beach&type=document&tag=sun",
        "q=on beach&sort=filename&ext=txt",
    )
    for queries, most in ((one, 2), (two, 3), (words, 5)):
        for query in queries:
            assert [item["id"] for item in ana.get(f"/v1/files?{query}")["items"]] == [file], query
            assert cost("GET /v1/files") <= most, query
    ana.get("/v1/search?q=beach&tag=sea")
    assert cost("GET /v1/search") <= 4
    ana.get(f"/v1/files/{file}/recommendations")
    assert cost("GET /v1/files/{file_id}/recommendations") <= 16


def test_finding_similar_pictures_costs_what_it_may(
    ana: Door, ben: Door, deliver: Deliver, cost: Cost
) -> None:
    """Two Queries in each of eight lists; tests/catalogue/test_looks.py has units and other sizes."""
    photo = ana.upload("photo.jpg", (MEDIA / "photo.jpg").read_bytes())["id"]
    deliver()
    ana.get(f"/v1/files/{photo}/similar")
    assert (
        cost("GET /v1/files/{file_id}/similar") <= 1 + 16 + 1 + 2
    )  # the file, the lists, records, what is shared
    ana.ok("POST", f"/v1/files/{photo}/grants", 201, json={"email": ben.email, "permission": "view"})
    ben.get(f"/v1/files/{photo}/similar")
    assert cost("GET /v1/files/{file_id}/similar") <= 22  # the grant, and whether its owner is active


def test_organising_costs_what_it_may(ana: Door, cost: Cost) -> None:
    files = [ana.upload(f"{n}.txt", str(n).encode(), tags="sea")["id"] for n in range(4)]
    for path, calls in (("/v1/tags", 4), ("/v1/tags", 2), ("/v1/me/stats", 6), ("/v1/categories", 4)):
        ana.get(
            path
        )  # what has changed since the last one is added up by the first: one read, one transaction
        assert cost(f"GET {path}") == calls, path
    ana.ok("POST", "/v1/files/bulk", 200, json={"ids": files, "action": "tag", "tags": ["sun"]})
    assert cost("POST /v1/files/bulk") == 2 + len(files)  # the session, one BatchGet, a transaction each
    ana.ok("PATCH", "/v1/tags/sun", 200, json={"name": "moon"})
    # with how many files there are to do, and whether any came meanwhile
    assert cost("PATCH /v1/tags/{tag}") <= 12 + len(files)
    ana("GET", "/v1/files/export.csv?tag=sea")
    assert cost("GET /v1/files/export.csv") == 2  # a page of a hundred rows: one Query, one BatchGet


def test_a_token_is_checked_without_any_call(ana: Door, cost: Cost) -> None:
    ana.refused("GET", "/v1/files/not-an-id", 404, "not_found")
    assert cost("GET /v1/files/{file_id}") == 0


def test_the_account_costs_what_it_may(ana: Door, cost: Cost) -> None:
    ana.get("/v1/me")
    assert cost("GET /v1/me") == 1
    ana.ok("PATCH", "/v1/me", 200, json={"name": "Ana"})
    assert cost("PATCH /v1/me") == 2  # the check of the session's revocation is in the transaction
    key = ana.ok("POST", "/v1/me/api-keys", 201, json={"name": "backup", "scopes": ["read"]})
    reader = Door(ana.base_url, key["key"])
    for extra in (3, 2):  # the first use within a minute is noted
        reader.get("/v1/me")
        assert cost("GET /v1/me") == extra
    ana.get("/v1/me/activity")
    assert cost("GET /v1/me/activity") == 1
    # the first adds up the changes of the account's one file: one read and one transaction
    for calls in (8, 6):
        ana.get("/v1/me/stats")
        assert cost("GET /v1/me/stats") <= calls


def test_administration_costs_what_it_may(admin: Door, cost: Cost) -> None:
    # the session, six of counts, two of categories, five of queues; the first may add up what others left
    for calls in (20, 14):
        admin.get("/v1/admin/stats")
        assert cost("GET /v1/admin/stats") <= calls
