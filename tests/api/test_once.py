"""Idempotency-Key through the door."""

import hashlib
import threading

import pytest
import requests

from chalicelib.api.endpoint import Who
from chalicelib.api.once import creates
from chalicelib.api.routing import every_route
from chalicelib.core.ids import new_id
from tests.doors import Door


def body(name: str = "a.txt", content: bytes = b"words") -> dict[str, object]:
    return {"filename": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_repeated_begin_is_answered_as_the_first(ana: Door, ben: Door) -> None:
    first = ana("POST", "/v1/uploads", json=body(), headers=keyed("k1"))
    again = ana("POST", "/v1/uploads", json=body(), headers=keyed("k1"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (
        None,
        "true",
    )
    assert len(ana.get("/v1/files")["items"]) == 1
    ana.refused("POST", "/v1/uploads", 422, "idempotency_key_reused", json=body("b.txt"), headers=keyed("k1"))
    assert (
        ben.ok("POST", "/v1/uploads", 201, json=body(), headers=keyed("k1"))["file_id"]
        != first.json()["file_id"]
    )


def test_a_form_sent_again_makes_no_second_file(ana: Door) -> None:
    content = new_id().encode()
    sent = [
        ana.ok("POST", "/v1/files", 201, files={"file": ("a.txt", content)}, headers=keyed("form"))
        for _ in range(2)  # each with a boundary of its own
    ]
    assert sent[0] == sent[1]
    assert len(ana.get("/v1/files")["items"]) == 1


def test_a_refused_request_may_be_put_right_under_its_key(ana: Door) -> None:
    ana.refused("POST", "/v1/uploads", 415, "extension_not_allowed", json=body("a.exe"), headers=keyed("k"))
    ana.ok("POST", "/v1/uploads", 201, json=body(), headers=keyed("k"))


def test_a_key_that_will_not_do_is_refused(ana: Door) -> None:
    headers = keyed("two words")
    ana.refused("POST", "/v1/uploads", 400, "idempotency_key_invalid", json=body(), headers=headers)


def test_a_secret_is_not_kept_to_be_shown_again(ana: Door) -> None:
    wanted = {"name": "backup", "scopes": ["read"]}
    ana.ok("POST", "/v1/me/api-keys", 201, json=wanted, headers=keyed("key"))
    ana.refused("POST", "/v1/me/api-keys", 409, "already_done", json=wanted, headers=keyed("key"))
    assert len(ana.get("/v1/me/api-keys")["items"]) == 1


def test_parallel_duplicates_make_one_thing(ana: Door) -> None:
    answers: list[requests.Response] = []

    def send() -> None:
        alone = Door(ana.base_url, ana.token)
        answers.append(alone("POST", "/v1/uploads", json=body(), headers=keyed("same")))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = {answer.json()["file_id"] for answer in answers if answer.status_code == 201}
    others = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len(made) == 1
    assert others <= {"request_in_progress"}
    assert len(ana.get("/v1/files")["items"]) == 1


@pytest.mark.parametrize(
    "route",
    [route for route in every_route() if creates(route.method, route.status) and route.who is not Who.ANYONE],
    ids=lambda route: f"{route.method} {route.path}",
)
def test_every_route_that_creates_says_that_it_takes_a_key(anyone: Door, route: object) -> None:
    described = anyone.get("/openapi.json")["paths"][route.path][route.method.lower()]  # type: ignore[attr-defined]
    assert "Idempotency-Key" in {parameter["name"] for parameter in described["parameters"]}
