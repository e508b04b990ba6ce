"""The whole product as a new user meets it: `make run`'s own processes, real HTTP, every kind of real file.

Nothing here touches AWS but through the API and the addresses that it signs. Each process runs under its function's
role, which the embedded AWS enforces.
"""

import hashlib
import io
import json
import re
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.conftest import MEDIA
from tests.doors import PASSWORD, Door, put
from tests.machines import ROOT, Machine, eventually
from tests.mailbox import token_in
from tests.samples import FACTS, REFUSED_BY_NAME, SAMPLES, agree, is_whole, listed, upload

pytestmark = pytest.mark.xdist_group("journey")  # one process: they share what `make run` has started

READER = {"name": "backup", "scopes": ["read"]}
SMALL_WIDTH = 120
ATTEMPTS = 5
"""Of one photo: examined and drawn, a miniature drawn, examined and drawn again."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    made = Machine(tmp_path_factory.mktemp("journey") / "data")
    yield made
    made.stop(signal.SIGTERM)


def thumbnail_width(door: Door, file: Any) -> int:
    return int(door.get(f"/v1/files/{file['id']}/renditions")["renditions"]["thumbnail"]["width"])


def attempts_done(door: Door, file: Any) -> int:
    return [job["outcome"] for job in door.get(f"/v1/files/{file['id']}/jobs")["items"]].count("done")


def test_every_sample_is_uploaded_extracted_listed_downloaded_and_survives_a_crash(machine: Machine) -> None:
    ana = machine.start().signed_up("ana")
    for name in REFUSED_BY_NAME:
        ana.refused("POST", "/v1/files", 415, "extension_not_allowed", files={"file": (name, b"x")})
    names = [name for name in SAMPLES if name not in REFUSED_BY_NAME]
    ids = {upload(ana, name): name for name in names}

    eventually(lambda: all(is_whole(file) for file in listed(ana)), "all examined, with their pictures")
    files = listed(ana)
    assert [file["id"] for file in files] == list(ids)[::-1]
    outcomes = {file["filename"]: (file["status"], agree(file, FACTS[file["filename"]])) for file in files}
    assert outcomes == dict.fromkeys(names, ("ready", []))

    photo, other = (
        next(file for file in files if file["filename"] == name) for name in ("photo.jpg", "plain.png")
    )
    chosen = f"/v1/files/{photo['id']}/thumbnail"
    ana.ok("PUT", chosen, 200, json={"file_id": other["id"]})
    ana.ok("PUT", chosen, 202, files={"file": ("own.webp", (MEDIA / "animated.webp").read_bytes())})
    eventually(lambda: thumbnail_width(ana, photo) == SMALL_WIDTH, "the chosen miniature is drawn")
    ana.ok("DELETE", chosen, 204)
    ana.ok("POST", f"/v1/files/{photo['id']}/reprocess", 202)
    eventually(lambda: attempts_done(ana, photo) == ATTEMPTS, "examined and drawn again")
    files = listed(ana)
    heic = next(file["id"] for file in files if file["filename"] == "photo.heic")
    assert [one["filename"] for one in ana.get(f"/v1/files/{heic}/similar")["items"]] == ["photo.avif"]

    machine.stop(signal.SIGKILL)
    machine.start()
    ana = ana.signed_in()
    assert listed(ana) == files
    for file in files:
        delivery = ana.get(f"/v1/files/{file['id']}/download?redirect=false")
        content = requests.get(delivery["url"], timeout=30).content
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        for rendition in file["renditions"].values():
            delivery = ana.get(f"{rendition['url']}?redirect=false")
            assert len(requests.get(delivery["url"], timeout=30).content) == rendition["size"]
        jobs = ana.get(f"/v1/files/{file['id']}/jobs")["items"]
        assert [(job["outcome"], job["code"]) for job in jobs] == [("done", None)] * len(jobs)


def test_a_file_is_shared_by_link_by_grant_and_with_everyone(machine: Machine) -> None:
    anyone = machine.door
    ana, ben = anyone.signed_up("ana"), anyone.signed_up("ben")
    content = (MEDIA / "photo.jpg").read_bytes()
    file = f"/v1/files/{ana.upload('photo.jpg', content)['id']}"
    eventually(lambda: is_whole(ana.get(file)), "examined, with its pictures")

    link = ana.ok("POST", f"{file}/links", 201, json={"password": "open sesame", "max_downloads": 1})
    path = f"/s/{link['token']}"
    anyone.refused("POST", f"{path}/unlock", 423, "link_password_wrong", json={"password": "guess"})
    key = anyone.ok("POST", f"{path}/unlock", 200, json={"password": "open sesame"})["key"]
    assert anyone("GET", f"{path}/thumbnail", headers={"X-Link-Key": key}).status_code == 302
    download = anyone("GET", f"{path}/download", headers={"X-Link-Key": key})
    assert requests.get(download.headers["Location"], timeout=30).content == content
    anyone.refused("GET", path, 410, "link_used_up")
    ana.ok("DELETE", f"/v1/links/{link['id']}", 204)
    anyone.refused("GET", path, 404, "link_not_found")

    granted = ana.ok("POST", f"{file}/grants", 201, json={"email": ben.email, "permission": "edit"})
    ben.ok("PATCH", file, 200, json={"caption": "by Ben"})
    assert [
        item["caption"] for item in ben.get("/v1/shared-with-me?type=image&q=ben&sort=filename")["items"]
    ] == ["by Ben"]
    ana.ok("DELETE", f"{file}/grants/{granted['user_id']}", 204)
    ben.refused("GET", file, 404, "file_not_found")

    def added_up() -> bool:
        """Use it once more, which passes on what waits since half a minute, and look."""
        assert ana("GET", f"{file}/download").status_code == 302
        return bool(ana.get("/v1/files/popular")["items"])

    eventually(added_up, "uses are added up")
    private = ana.ok("POST", f"{file}/links", 201, json={"strip_metadata": True})
    way = f"/s/{private['token']}/download?redirect=false"
    eventually(lambda: anyone("GET", way).status_code == 200, "a copy without metadata is made")
    asked = ana.ok("POST", "/v1/file-requests", 201, json={"name": "Photos", "tags": ["sent"]})
    way, sent = f"/r/{asked['token']}/uploads", (MEDIA / "plain.png").read_bytes()
    offer = {"filename": "a.png", "size": len(sent), "sha256": hashlib.sha256(sent).hexdigest()}
    expected = anyone.ok("POST", way, 201, json=offer)
    requests.put(expected["url"], data=sent, headers=expected["headers"], timeout=30).raise_for_status()
    anyone.ok("POST", f"{way}/{expected['upload_id']}/sent", 202)
    eventually(
        lambda: [is_whole(one) for one in ana.get("/v1/files?tag=sent")["items"]] == [True], "it came in"
    )
    packed = f"/v1/exports/{ana.ok('POST', '/v1/exports/zip', 202, json={'filter': {}})['id']}"
    eventually(lambda: ana.get(packed)["state"] == "finished", "the archive is packed")
    with zipfile.ZipFile(io.BytesIO(requests.get(ana.get(packed)["url"], timeout=30).content)) as archive:
        assert content in [archive.read(name) for name in archive.namelist()]
    ana.ok("PATCH", file, 200, json={"visibility": "public"})
    delivery = anyone.get(f"{file}/download?redirect=false")
    assert requests.get(delivery["url"], timeout=30).content == content


def send_in_parts(door: Door, begun: Any, content: bytes) -> None:
    """Send the parts of an upload as its answer says."""
    path, size = f"/v1/uploads/{begun['upload_id']}", begun["part_size"]
    parts = [content[first : first + size] for first in range(0, len(content), size)]
    announced = [{"number": n, "sha256": hashlib.sha256(part).hexdigest()} for n, part in enumerate(parts, 1)]
    for one in door.ok("POST", f"{path}/parts", 200, json={"parts": announced})["parts"]:
        assert put(one, parts[one["number"] - 1]).status_code == 200
    assert len(door.get(path)["parts"]) == begun["part_count"]


def test_a_large_file_comes_in_parts_and_the_sweep_clears_up_under_its_role(machine: Machine) -> None:
    eve = machine.door.signed_up("eve")
    padding = (17 << 20).to_bytes(4) + b"free" + bytes((17 << 20) - 8)  # a box that players skip
    film = (MEDIA / "faststart.mp4").read_bytes() + padding
    wanted, dropped = eve.begin("film.mp4", film), eve.begin("other.mp4", film[::-1])
    send_in_parts(eve, wanted, film)
    send_in_parts(eve, dropped, film[::-1])
    eve.ok("DELETE", f"/v1/uploads/{dropped['upload_id']}", 204)
    eve.ok("POST", f"/v1/uploads/{wanted['upload_id']}/complete", 200)
    path = f"/v1/files/{wanted['file_id']}"
    eventually(lambda: eve.get(path)["status"] == "ready", "the large file is ready")
    eve.ok("PATCH", path, 200, json={"visibility": "public"})

    machine.stop(signal.SIGTERM)
    (machine.folder / "schedules.json").write_text(json.dumps({"sweep": 0}))  # due at once
    log = machine.folder / "logs" / "sweep.log"
    before = log.read_text().count('"orphans"')
    machine.start()
    eventually(lambda: log.read_text().count('"orphans"') > before, "the sweep has run")
    assert "raised" not in log.read_text()
    eve = eve.signed_in()
    assert eve.get(path)["status"] == "ready"

    def published() -> bool:
        jobs = eve.get(f"{path}/jobs")["items"]
        return any((job["work"], job["outcome"]) == ("publish", "done") for job in jobs)

    eventually(published, "that everyone may have it is in its history")


def test_a_forgotten_password_is_reset_through_the_mail(machine: Machine) -> None:
    ana = machine.door.signed_up("ana")
    key = Door(ana.base_url, ana.ok("POST", "/v1/me/api-keys", 201, json=READER)["key"])
    assert key.get("/v1/files")["items"] == []
    ana.ok("POST", "/v1/auth/password-reset", 202, json={"email": ana.email})

    def mails() -> list[dict[str, Any]]:
        return [
            mail for mail in machine.inbox() if "new password" in mail["Subject"] and ana.email in mail["To"]
        ]

    eventually(lambda: bool(mails()), "the mail is there")
    assert f"{ana.base_url}/account/" in mails()[0]["BodyText"]
    reset = {"token": token_in(mails()[0]), "new_password": "staple battery horse"}
    ana.ok("POST", "/v1/auth/password-reset/confirm", 204, json=reset)
    ana.refused("PATCH", "/v1/me", 401, "token_invalid", json={"name": "Eve"})
    assert ana.pair("staple battery horse")


def test_a_tag_on_many_files_is_renamed_in_the_background_and_all_are_found_by_it(machine: Machine) -> None:
    ana = machine.door.signed_up("ana")
    for part in (range(100), range(100, 105)):
        items = [
            {
                "filename": f"{n}.txt",
                "size": 1,
                "sha256": hashlib.sha256(str(n).encode()).hexdigest(),
                "tags": ["sea"],
            }
            for n in part
        ]
        ana("POST", "/v1/uploads/batch", json={"uploads": items})
    job = ana.ok("PATCH", "/v1/tags/sea", 202, json={"name": "Ocean"})
    eventually(lambda: ana.get(f"/v1/jobs/{job['id']}")["state"] == "finished", "the tag is renamed")
    assert ana.get("/v1/tags")["items"] == [{"name": "Ocean", "files": 105}]
    assert [file["filename"] for file in ana.get("/v1/files?tag=ocean&sort=filename&limit=2")["items"]] == [
        "0.txt",
        "1.txt",
    ]
    assert [file["filename"] for file in ana.get("/v1/search?q=ocean 104")["items"]] == ["104.txt"]
    assert ana("GET", "/v1/files/export.csv?min_size=1&sort=-size&columns=id").text.count("\r\n") == 106
    assert ana.get("/v1/me/stats")["by_status"]["pending"]["files"] == 105
    newest = ana.get("/v1/files?limit=1")["items"][0]["id"]
    assert (
        len(ana.get(f"/v1/files/{newest}/recommendations?limit=20")["items"]) == 0
    )  # their bytes never came
    export = f"/v1/exports/{ana.ok('POST', '/v1/exports', 202, json={'columns': ['tags']})['id']}"
    eventually(lambda: ana.get(export)["state"] == "finished", "the table is written")
    assert requests.get(ana.get(export)["url"], timeout=30).text == "tags\r\n" + 105 * "Ocean\r\n"
    assert [one["state"] for one in ana.get("/v1/jobs")["items"]] == ["finished", "finished"]
    assert ana.get("/v1/me/stats")["background_jobs"] == {"retag": {"finished": 1}, "table": {"finished": 1}}
    ana.ok("DELETE", export, 204)


def test_commands_reset_the_admin_and_prove_everybodys_counts(machine: Machine) -> None:
    door = machine.door
    (reset,) = machine.command("infra.admin", "reset", "--email", "admin@mediatheque.local")
    admin = replace(door, email=reset["email"])
    admin = replace(admin, token=admin.pair(reset["password"])["access_token"])
    assert admin.get("/v1/me")["role"] == "admin"
    eventually(
        lambda: machine.command("infra.recount", "--library")[0]["differences"] == [], "all is added up"
    )
    assert admin.get("/v1/admin/stats")["all"]["files"] >= 0


def test_who_leaves_is_erased_in_the_background(machine: Machine) -> None:
    ben = machine.door.signed_up("ben")
    ben.upload("notes.txt", (MEDIA / "notes.txt").read_bytes())
    ben.ok("POST", f"/v1/files/{ben.get('/v1/files')['items'][0]['id']}/links", 201, json={})
    assert ben.get("/v1/me/activity?action=file.")["next_cursor"] is None
    ben.ok("DELETE", "/v1/me", 202, json={"password": PASSWORD})
    credentials = {"email": ben.email, "password": PASSWORD}

    def gone() -> bool:
        return bool(ben("POST", "/v1/auth/login", json=credentials).json()["code"] == "credentials_wrong")

    eventually(gone, "the account is erased")


def test_the_tour_in_the_readme_works_as_typed(machine: Machine) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    typed = "".join(blocks).replace("http://127.0.0.1:8000", machine.door.base_url)
    tour = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", typed],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tour.returncode == 0, tour.stdout + tour.stderr
    said = tour.stdout
    assert "the very same bytes" in said
    assert said.count('"status": "ready"') == 3  # both in the list, one found by a word
    assert '"expires_at"' in said
    assert "Eiffel Tower.jpg" in said
    assert '"code": "extension_not_allowed"' in said
