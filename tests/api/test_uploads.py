import hashlib
import json

import pytest

from chalicelib.core.ids import new_id
from tests.conftest import MEDIA, Deliver
from tests.doors import Door, put

PHOTO = (MEDIA / "photo.jpg").read_bytes()


def test_a_form_becomes_a_file_by_the_event_alone(ana: Door, deliver: Deliver) -> None:
    answer = ana(
        "POST",
        "/v1/files",
        files={"file": ("photo.jpg", PHOTO)},
        data={"tags": "sea, sun", "caption": "At the sea"},
    )
    file = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/files/{file['id']}"
    assert (file["status"], file["type"], file["size"]) == ("processing", "image", len(PHOTO))
    assert (file["tags"], file["caption"]) == (["sea", "sun"], "At the sea")
    assert deliver() == {"batchItemFailures": []}
    ready = ana.get(f"/v1/files/{file['id']}")
    assert (ready["status"], ready["mime_type"]) == ("ready", "image/jpeg")
    assert (ready["metadata"]["width"], ready["metadata"]["height"]) == (800, 600)


def test_an_upload_goes_straight_to_storage(ana: Door, deliver: Deliver) -> None:
    begun = ana.begin("photo.jpg", PHOTO, tags=["sea"], metadata={"roll": 7})
    assert (begun["mode"], begun["method"]) == ("single", "PUT")
    assert ana.get(f"/v1/files/{begun['file_id']}")["status"] == "pending"
    assert put(begun, PHOTO).status_code == 200
    deliver()
    file = ana.get(f"/v1/files/{begun['file_id']}")
    assert (file["status"], file["tags"], file["custom"]) == ("ready", ["sea"], {"roll": 7})
    assert ana.get(f"/v1/uploads/{begun['upload_id']}")["state"] == "completed"


def test_other_bytes_than_announced_never_arrive(ana: Door, deliver: Deliver) -> None:
    begun = ana.begin("photo.jpg", PHOTO)
    assert put(begun, PHOTO[:-1] + b"!").status_code == 400
    deliver()
    assert ana.get(f"/v1/files/{begun['file_id']}")["status"] == "pending"


def test_content_that_is_here_is_refused_or_linked(ana: Door, deliver: Deliver) -> None:
    first = ana.upload("photo.jpg", PHOTO)
    deliver()
    sha256 = hashlib.sha256(PHOTO).hexdigest()
    body = {"filename": "copy.jpg", "size": len(PHOTO), "sha256": sha256}
    problem = ana.refused("POST", "/v1/uploads", 409, "duplicate", json=body)
    assert problem["existing_file_id"] == first["id"]
    linked = ana.ok("POST", "/v1/uploads", 200, json={**body, "on_duplicate": "link"})
    assert (linked["mode"], linked["file"]["status"]) == ("linked", "ready")
    files = {"file": ("again.jpg", PHOTO)}
    assert ana.ok("POST", "/v1/files", 201, files=files, data={"on_duplicate": "link"})["status"] == "ready"


def test_an_upload_can_be_given_up(ana: Door) -> None:
    begun = ana.begin("photo.jpg", PHOTO)
    ana.ok("DELETE", f"/v1/uploads/{begun['upload_id']}", 204)
    ana.refused("GET", f"/v1/files/{begun['file_id']}", 404, "file_not_found")
    assert ana.get(f"/v1/uploads/{begun['upload_id']}")["state"] == "aborted"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"filename": "run.exe"}, 415, "extension_not_allowed"),
        ({"filename": "a.jpg", "size": 10 * 1024 * 1024 + 1}, 413, "file_too_large"),
        ({"filename": "\u202egpj.jpg"}, 422, "filename_invalid"),
        ({"size": 0}, 422, "invalid"),
        ({"sha256": "abc"}, 422, "invalid"),
        ({"tags": ["x"] * 5 + [""]}, 422, "invalid"),
        ({"tags": [str(n) for n in range(21)]}, 422, "invalid"),
        ({"tags": ["x" * 65]}, 422, "invalid"),
        ({"metadata": {"x": "y" * 9000}}, 422, "invalid"),
        ({"metadata": ["no", "object"]}, 422, "invalid"),
        ({"metadata": "{"}, 422, "invalid"),
        ({"metadata": '{"x": NaN}'}, 422, "invalid"),
        ({"metadata": {"x": "\ud800"}}, 400, "malformed"),
        ({"tags": ["a\u202eb"]}, 422, "invalid"),
        ({"tags": ["a\x00b"]}, 422, "invalid"),
        ({"caption": "a\x00b"}, 422, "invalid"),
        ({"size": True}, 422, "invalid"),
        ({"size": "10"}, 422, "invalid"),
        ({"metadata": '{"x": ' + "[" * 2000 + "]" * 2000 + "}"}, 422, "invalid"),
        (
            {"metadata": {"x": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}},
            422,
            "invalid",
        ),
        ({"filename": "a/b.jpg"}, 422, "filename_invalid"),
        ({"filename": "a\n.jpg"}, 422, "filename_invalid"),
        ({"filename": "a" * 252 + ".jpg"}, 422, "filename_invalid"),
        ({"filename": ".."}, 422, "filename_invalid"),
        ({"filename": "a"}, 415, "extension_not_allowed"),
        ({"content_type": "video/mp4"}, 415, "content_type_contradicts"),
        ({"content_type": "text/html"}, 415, "content_type_contradicts"),
        ({"category": "0190c5a7-5b5e-7a3c-9d0e-4f2b8c6d1e3a"}, 422, "category_unknown"),
        ({"size": 6 << 40}, 422, "invalid"),
        ({"unknown": 1}, 422, "invalid"),
    ],
)
def test_what_can_be_refused_is_refused_before_a_byte_moves(
    ana: Door, changes: dict[str, object], status: int, code: str
) -> None:
    body = {"filename": "a.jpg", "size": 10, "sha256": "0" * 64, **changes}
    ana.refused("POST", "/v1/uploads", status, code, json=body)
    assert ana.get("/v1/files")["items"] == []


def test_a_body_that_no_function_can_carry_is_answered_with_the_way(ana: Door) -> None:
    for size in (4_600_000, 11_000_000):
        files = {"file": ("big.png", b"\0" * size)}
        problem = ana.refused("POST", "/v1/files", 413, "use_uploads", files=files)
        assert "POST /v1/uploads" in problem["detail"]


def boundary(*parts: bytes) -> dict[str, object]:
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return {"data": body, "headers": {"Content-Type": "multipart/form-data; boundary=b"}}


FILE = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nwords'
FIELD = b'Content-Disposition: form-data; name="caption"\r\n\r\n'


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        (boundary(FIELD + b"no file"), 400, "malformed"),
        (boundary(FILE.removesuffix(b"words")), 422, "invalid"),
        (
            boundary(FILE.replace(b"\r\n\r\n", b"\r\nContent-Type: image/png\r\n\r\n")),
            415,
            "content_type_contradicts",
        ),
        (boundary(FILE, FIELD.replace(b"caption", b"metadata") + b"[1]"), 422, "invalid"),
        (boundary(FILE, FIELD.replace(b"caption", b"tags") + b"a," * 21 + b"b"), 422, "invalid"),
        (boundary(FILE, FILE), 400, "malformed"),
        (boundary(FILE, FIELD + b"x", FIELD + b"y"), 400, "malformed"),
        (boundary(FILE, FIELD + b"x" * 70_000), 400, "malformed"),
        (boundary(FILE, *[FIELD.replace(b"caption", b"f%d" % n) for n in range(30)]), 400, "malformed"),
        (boundary(FILE, FIELD.replace(b"caption", b"surprise") + b"x"), 422, "invalid"),
        (boundary(FILE, FIELD.replace(b"caption", b"metadata") + b"{"), 422, "invalid"),
        (
            {"data": b"--b\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            400,
            "malformed",
        ),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 415, "unsupported_type"),
        ({"json": {"file": "x"}}, 415, "unsupported_type"),
    ],
)
def test_a_form_that_will_not_do_is_refused(
    ana: Door, form: dict[str, object], status: int, code: str
) -> None:
    ana.refused("POST", "/v1/files", status, code, **form)
    assert ana.get("/v1/files")["items"] == []


def test_a_form_may_carry_metadata_as_json(ana: Door) -> None:
    content = new_id().encode()
    file = ana.upload("a.txt", content, metadata=json.dumps({"deep": {"list": [1, 2.5, None]}}))
    assert file["custom"] == {"deep": {"list": [1, 2.5, None]}}


def test_names_come_back_in_any_script(ana: Door) -> None:
    for name in ("写真.txt", "фото.txt", "e\u0301.txt", 'quo"te;.txt'):
        content = new_id().encode()
        begun = ana.begin(name, content)
        expected = "é.txt" if name.startswith("e") else name
        assert ana.get(f"/v1/files/{begun['file_id']}")["filename"] == expected


def wanted(name: str, content: bytes, **more: object) -> dict[str, object]:
    return {
        "filename": name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        **more,
    }


def test_one_bad_upload_of_a_batch_harms_no_other(ana: Door, deliver: Deliver) -> None:
    known = ana.upload("known.jpg", PHOTO)
    deliver()
    uploads = [
        wanted("a.txt", b"first"),
        wanted("run.exe", b"MZ"),
        {"filename": "no-size.txt"},
        "nonsense",
        wanted("again.jpg", PHOTO),
        wanted("linked.jpg", PHOTO, on_duplicate="link"),
        wanted("b.txt", b"second"),
    ]
    results = ana.ok("POST", "/v1/uploads/batch", 207, json={"uploads": uploads})["results"]
    assert [one["status"] for one in results] == [201, 415, 422, 422, 409, 200, 201]
    codes = [one["problem"] and one["problem"]["code"] for one in results]
    assert codes == [None, "extension_not_allowed", "invalid", "invalid", "duplicate", None, None]
    assert results[4]["problem"]["existing_file_id"] == known["id"]
    assert results[5]["upload"]["file"]["status"] == "ready"
    for one, content in ((results[0], b"first"), (results[6], b"second")):
        assert put(one["upload"], content).status_code == 200
    deliver()
    assert {file["filename"] for file in ana.get("/v1/files")["items"] if file["status"] == "ready"} == {
        *("known.jpg", "linked.jpg", "a.txt", "b.txt")
    }


def test_a_batch_has_a_hundred_uploads_at_most(ana: Door) -> None:
    for count in (0, 101):
        body = {"uploads": [wanted(f"{n}.txt", b"x") for n in range(count)]}
        ana.refused("POST", "/v1/uploads/batch", 422, "invalid", json=body)


def test_a_large_file_goes_in_parts(ana: Door, deliver: Deliver) -> None:
    padding = (17 << 20).to_bytes(4) + b"free" + bytes((17 << 20) - 8)  # a box that players skip
    content = (MEDIA / "faststart.mp4").read_bytes() + padding
    begun = ana.begin("a.mp4", content)
    assert (begun["mode"], begun["part_size"], begun["part_count"]) == ("multipart", 8 << 20, 3)
    path = f"/v1/uploads/{begun['upload_id']}"
    parts = [content[n : n + begun["part_size"]] for n in range(0, len(content), begun["part_size"])]
    hashes = [{"number": n, "sha256": hashlib.sha256(part).hexdigest()} for n, part in enumerate(parts, 1)]
    for one in ana.ok("POST", f"{path}/parts", 200, json={"parts": hashes})["parts"]:
        assert (one["method"], one["size"]) == ("PUT", len(parts[one["number"] - 1]))
        assert put(one, parts[one["number"] - 1]).status_code == 200
    upload = ana.get(path)
    assert (upload["state"], upload["mode"]) == ("open", "multipart")
    assert [part["sha256"] for part in upload["parts"]] == [one["sha256"] for one in hashes]
    assert ana.ok("POST", f"{path}/complete", 200)["id"] == begun["file_id"]
    deliver()
    assert ana.get(path)["state"] == "completed"
    assert ana.get(f"/v1/files/{begun['file_id']}")["status"] == "ready"


def test_uploads_are_counted_and_limited_with_headers(ana: Door) -> None:
    answer = ana("POST", "/v1/uploads", json=wanted("a.txt", b"words"))
    assert answer.headers["RateLimit-Policy"].startswith('"uploads";q=')
    assert answer.headers["RateLimit"].startswith('"uploads";r=')
