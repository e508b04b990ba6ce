"""Statistics over HTTP: of one's own library, and of everybody's for admins."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.clock import now
from chalicelib.core.ids import new_id
from chalicelib.wiring import library as this_process
from infra.recount import recount
from tests.conftest import Deliver
from tests.doors import PASSWORD, Door


def added_up(admin: Door) -> Any:
    """Let the sweep add up, and return what admins see."""
    this_process().files.catalogue.counters.folding.sweep(now())
    return admin.get("/v1/admin/stats")


def more(before: Any, after: Any, *path: str) -> tuple[int, int]:
    for name in path:
        before, after = before.get(name, {"files": 0, "bytes": 0}), after[name]
    return after["files"] - before["files"], after["bytes"] - before["bytes"]


def test_ones_own_tell_the_quota_and_the_most_frequent_tags(ana: Door, deliver: Deliver) -> None:
    first = ana.upload("a.txt", b"1", tags="Sea,Sun")
    ana.upload("b.txt", b"22", tags="sea")
    ana.upload("c.txt", b"22", tags="Sea,Moon,sun", on_duplicate="link")
    deliver()
    stats = ana.get("/v1/me/stats")
    tags = [(tag["name"].casefold(), tag["files"]) for tag in stats["top_tags"]]
    assert (tags[0], set(tags[1:])) == (("sea", 3), {("sun", 2), ("moon", 1)})
    assert stats["quota"] == {"used": 3, "limit": this_process().settings.quota_bytes}
    assert stats["all"] == {"files": 3, "bytes": 5}
    ana.ok("DELETE", f"/v1/files/{first['id']}?permanent=true", 204)
    assert ana.get("/v1/me/stats")["quota"]["used"] == 2
    assert recount(this_process(), ana.get("/v1/me")["id"], repair=False)["differences"] == []


def test_admins_see_the_sum_of_all_libraries(admin: Door, ana: Door, ben: Door, deliver: Deliver) -> None:
    before = added_up(admin)
    tag = f"tag-{new_id()}"
    files = [door.upload("a.txt", content, tags=tag) for door, content in ((ana, b"1"), (ben, b"22"))]
    deliver()
    started = now()
    after = added_up(admin)
    assert datetime.fromisoformat(after["as_of"]) >= started - timedelta(milliseconds=1)
    month = f"{started:%Y-%m}"
    for path in (
        ("all",),
        ("by_type", "document"),
        ("by_extension", "txt"),
        ("by_status", "ready"),
        ("by_month", month),
    ):
        assert more(before, after, *path) == (2, 3), path
    assert after["storage"]["used"] - before["storage"]["used"] == 3
    assert after["storage"]["default_quota"] == this_process().settings.quota_bytes
    assert after["accounts"]["active"]["admin"] >= 1
    assert set(after["jobs"]) == {"extraction", "media", "jobs"}
    assert all(set(lane) == {"waiting", "running", "failed"} for lane in after["jobs"].values())
    ana.ok("DELETE", f"/v1/files/{files[0]['id']}", 204)
    assert more(before, added_up(admin), "trash") == (1, 1)


def test_an_erased_account_is_in_nobodys_counts_any_more(admin: Door, ana: Door, do_jobs: Deliver) -> None:
    do_jobs()
    before = added_up(admin)
    ana.upload("a.txt", new_id().encode(), tags="gone")
    # counts that were added up, so that there is something to take back
    assert [tag["files"] for tag in ana.get("/v1/tags")["items"]] == [1]
    ana.ok("DELETE", "/v1/me", 202, json={"password": PASSWORD})
    do_jobs()
    after = added_up(admin)
    assert (more(before, after, "all"), more(before, after, "trash")) == ((0, 0), (0, 0))
    assert after["storage"]["used"] == before["storage"]["used"]


def test_a_full_queue_is_seen(admin: Door, ana: Door, deliver: Deliver) -> None:
    deliver()
    assert admin.get("/v1/admin/stats")["jobs"]["extraction"]["waiting"] == 0
    ana.upload("a.txt", new_id().encode())
    assert admin.get("/v1/admin/stats")["jobs"]["extraction"]["waiting"] == 1
