"""What may be uploaded, over HTTP."""

from collections.abc import Iterator

import pytest

from tests.doors import Door


@pytest.fixture(autouse=True)
def _as_before(admin: Door) -> Iterator[None]:
    yield
    admin.ok("PUT", "/v1/admin/limits", 200, json={})


def test_an_admin_reads_sets_and_resets_what_may_be_uploaded(admin: Door, ana: Door) -> None:
    read = admin("GET", "/v1/admin/limits")
    defaults = read.json()
    assert defaults["sizes"]["image"] == 10 << 20
    assert {"jpg", "pdf", "mp4"} <= set(defaults["extensions"])
    body = {
        "sizes": {"image": 100},
        "extensions": ["png", "txt"],
        "uploads_per_minute": 2,
        "default_quota": 6,
    }
    match = {"If-Match": read.headers["ETag"]}
    changed = admin.ok("PUT", "/v1/admin/limits", 200, json=body, headers=match)
    assert changed == admin.get("/v1/admin/limits")
    assert changed["sizes"] == defaults["sizes"] | {"image": 100}
    admin.refused("PUT", "/v1/admin/limits", 412, "version_mismatch", json={}, headers=match)
    problem = ana.refused(
        "POST", "/v1/files", 415, "extension_not_allowed", files={"file": ("a.pdf", b"%PDF-1")}
    )
    assert problem["allowed"] == ["png", "txt"]
    assert "png, txt" in problem["detail"]
    too_large = {"file": ("a.png", b"x" * 101)}
    assert ana.refused("POST", "/v1/files", 413, "file_too_large", files=too_large)["limit"] == 100
    no_room = {"file": ("a.txt", b"1234567")}
    problem = ana.refused("POST", "/v1/files", 413, "quota_exceeded", files=no_room)
    assert (problem["limit"], problem["used"]) == (6, 0)
    (entry,) = admin.get("/v1/admin/activity?action=limits.changed&limit=1")["items"]
    assert entry["details"]["uploads_per_minute"] == {"before": defaults["uploads_per_minute"], "after": 2}
    assert entry["details"]["sizes"] == {"before": defaults["sizes"], "after": changed["sizes"]}
    assert admin.ok("PUT", "/v1/admin/limits", 200, json={})["extensions"] == defaults["extensions"]


def test_uploads_are_limited_by_the_minute_and_the_headers_are_true(admin: Door, ana: Door) -> None:
    admin.ok("PUT", "/v1/admin/limits", 200, json={"uploads_per_minute": 3})
    left: list[str] = []
    while len(left) < 3 or '"uploads";r=0' not in left[-1]:  # the minute may end in between
        answer = ana("POST", "/v1/files", files={"file": (f"{len(left)}.txt", str(len(left)).encode())})
        assert answer.status_code == 201
        assert answer.headers["RateLimit-Policy"] == '"uploads";q=3;w=60'
        left.append(answer.headers["RateLimit"])
    assert [one.split(";")[1] for one in left[-3:]] == ["r=2", "r=1", "r=0"]
    refused = ana("POST", "/v1/files", files={"file": ("more.txt", b"more")})
    if refused.status_code == 429:
        assert refused.json()["code"] == "rate_exceeded"
        assert int(refused.headers["Retry-After"]) <= 60
        assert refused.headers["RateLimit"].startswith('"uploads";r=0;t=')
    else:
        assert refused.headers["RateLimit"].startswith('"uploads";r=2;t=')


@pytest.mark.parametrize(
    "body",
    [
        {"sizes": {"image": 0}},
        {"sizes": {"image": 6 << 30}},
        {"sizes": {"archive": 1}},
        {"extensions": []},
        {"extensions": ["exe"]},
        {"uploads_per_minute": 0},
        {"default_quota": -1},
        {"quota": 1},
    ],
)
def test_limits_that_cannot_be_are_refused(admin: Door, body: dict[str, object]) -> None:
    admin.refused("PUT", "/v1/admin/limits", 422, "invalid", json=body)


def test_an_accounts_own_quota_decides_what_is_refused_and_is_named(admin: Door, ana: Door) -> None:
    user = f"/v1/admin/users/{ana.get('/v1/me')['id']}"
    admin.ok("PATCH", user, 200, json={"quota": 5})
    ana.upload("a.txt", b"123")
    problem = ana.refused("POST", "/v1/files", 413, "quota_exceeded", files={"file": ("b.txt", b"456")})
    assert (problem["limit"], problem["used"], problem["size"]) == (5, 3, 3)
    assert "Your quota of 5 bytes" in problem["detail"]
    assert ana.get("/v1/me/stats")["quota"] == {"used": 3, "limit": 5}
    admin.ok("PUT", "/v1/admin/limits", 200, json={"default_quota": 2})
    ana.upload("b.txt", b"45")  # the common one is not theirs
    admin.ok("PATCH", user, 200, json={"quota": None})
    problem = ana.refused("POST", "/v1/files", 413, "quota_exceeded", files={"file": ("c.txt", b"6")})
    assert (problem["limit"], problem["used"]) == (2, 5)
