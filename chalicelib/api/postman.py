"""The description as a Postman collection (format 2.1) that runs from top to bottom, in Postman, newman or the like.

Requests are grouped as in the description; what ends or deletes comes last. Set `base_url`, `email` and `password`:
with an admin's login the requests for admins succeed, too. Answers fill the variables that later requests use.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
LAST = "Clearing up"
FIRST = ("register", "log_in", "unlock_link")
ENDING = {"log_out", "log_out_everywhere", "end_session", "delete_me", "change_password"}
BOUNDARY = "one-file"
FORM = (
    f"--{BOUNDARY}\r\n"
    'Content-Disposition: form-data; name="file"; filename="hello.txt"\r\n\r\n'
    "Hello, library {{$guid}}\r\n"
    f"--{BOUNDARY}--\r\n"
)
CAPTURED = {
    "log_in": {"token": "access_token", "refresh_token": "refresh_token"},
    "refresh": {"token": "access_token", "refresh_token": "refresh_token"},
    "begin_upload": {"upload_id": "upload_id"},
    "create_link": {"link_id": "id", "link_token": "token"},
    "unlock_link": {"link_key": "key"},
    "create_request": {"file_request_id": "id", "request_token": "token"},
    "offer_file": {"parcel_id": "upload_id"},
}
"""Which variables an answer fills, from which of its fields; beside the id of what a POST has made."""
GIVEN = {
    "email": "{{email}}",
    "filename": "hello.txt",
    "content_type": "text/plain",
    "password": "{{password}}",
    "new_password": "{{password}}",
    "refresh_token": "{{refresh_token}}",
    "file_id": "{{file_id}}",
    "category": None,
    "ids": ["{{file_id}}"],
}
"""What stands in bodies in place of the examples."""
MADE = ("201", "202")
WORDS = {"token": "{{link_token}}", "tag": "paris", "content": "post-17", "name": "thumbnail"}
MAY_ALSO = {
    "register": [403, 409, 422],  # the address of `make run`'s first admin is for this machine only
    "verify_email": [410],
    "resend_verification": [429],
    "request_reset": [429],
    "confirm_reset": [410],
    "change_password": [422],
    "set_avatar": [404, 409, 415],
    "sign_parts": [409],
    "complete_upload": [409],
    "begin_upload": [409],
    "abort_upload": [409],
    "begin_archive": [404],
    "download_file": [409],
    "similar_files": [409],  # the example is no picture, or is still being looked at
    "get_thumbnail": [404],
    "get_rendition": [404],
    "put_thumbnail": [409, 415],
    "reprocess_file": [409],
    "restore_file": [404],
    "rename_tag": [404],
    "delete_tag": [404],
    "cancel_job": [404, 409],
    "read_job": [404],
    "make_category": [409],
    "give_grant": [409, 422],
    "revoke_grant": [404],
    "download_by_link": [409],
    "file_sent": [409],
    "offer_file": [409],
    "thumbnail_by_link": [404],
    "end_session": [404],
    "delete_me": [409],
    "delete_user": [409],
    "change_user": [409],
}
"""Refusals that are no failure of a run: what needs a mail, a large file, another account or a worker that is done."""
Json = dict[str, Any]


def collection(document: Json, base_url: str) -> Json:
    """Return the collection of everything that a description describes."""
    folders: dict[str, list[Json]] = {name: [] for name in (*(tag["name"] for tag in document["tags"]), LAST)}
    for path, method, operation in _operations(document):
        ends = method == "delete" or operation["operationId"] in ENDING
        folders[LAST if ends else operation["tags"][0]].append(
            _item(path, method, operation, _made_id(path, method, operation, document))
        )
    folders[LAST] = _closing(folders[LAST], again=folders["Accounts"][1])
    variables = {"base_url": base_url, "email": "postman@example.org", "password": "correct horse battery"}
    return {
        "info": {
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": key, "value": value} for key, value in variables.items()],
        "item": [{"name": name, "item": items} for name, items in folders.items() if items],
    }


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    every = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    yield from sorted(every, key=lambda one: one[2]["operationId"] not in FIRST)


def _closing(items: list[Json], again: Json) -> list[Json]:
    """Return what ends things in its order, signing in again where a session has just ended."""
    closing: list[Json] = []
    for item in sorted(items, key=_lateness):
        ends = item["request"]["url"]["path"][-2:] in (["auth", "logout-all"], ["v1", "me"])
        closing += [again, item] if ends else [item]
    return closing


def _lateness(item: Json) -> int:
    """What others hang on goes later; sessions and the account itself at the very end."""
    order = ("/links/", "/grants/", "/uploads/", "/v1/files/", "/v1/me/", "/v1/auth/")
    path = item["request"]["url"]["raw"]
    if path.endswith("/v1/me"):
        return len(order)
    return next((place for place, part in enumerate(order) if part in path), 0)


def _made_id(path: str, method: str, operation: Json, document: Json) -> dict[str, str]:
    """Return the variable for the id of what a POST makes: the parameter under which it is found below its list."""
    below = (re.fullmatch(rf"{re.escape(path)}/{{(\w+_id)}}", other) for other in document["paths"])
    names = [match[1] for match in below if match]
    made: Json = next((answer for status, answer in operation["responses"].items() if status in MADE), {})
    model = made.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
    fields = document["components"]["schemas"].get(model.rpartition("/")[2], {}).get("properties", {})
    return {names[0]: "id"} if method == "post" and names and "id" in fields else {}


def _item(path: str, method: str, operation: Json, made: dict[str, str]) -> Json:
    name = operation["operationId"]
    succeeds = [int(status) for status in operation["responses"] if int(status) < 400]  # noqa: PLR2004 - refusals
    admins = [403, 404] if operation["tags"] == ["Administration"] or "/admin/" in path else []
    fine = sorted({*succeeds, *MAY_ALSO.get(name, []), *admins})
    script = [
        f'pm.test("answers as described", () => pm.expect({json.dumps(fine)}).to.include(pm.response.code));'
    ]
    for variable, field in (made | CAPTURED.get(name, {})).items():
        script.append(
            f'if (pm.response.code < 300) pm.collectionVariables.set("{variable}", pm.response.json().{field});'
        )
    return {
        "name": operation["summary"],
        "request": _request(path, method, operation),
        "event": [{"listen": "test", "script": {"type": "text/javascript", "exec": script}}],
    }


def _request(path: str, method: str, operation: Json) -> Json:
    filled = re.sub(r"\{(\w+)\}", lambda match: WORDS.get(match[1], f"{{{{{match[1]}}}}}"), path)
    filled = filled.replace("{{asset}}", "start.js").replace("{{page}}", "verify-email")
    query = {"search_files": "?q=hello"}.get(operation["operationId"], "")
    url = {
        "raw": f"{{{{base_url}}}}{filled}{query}",
        "host": ["{{base_url}}"],
        "path": filled.strip("/").split("/"),
        "query": [{"key": "q", "value": "hello"}] if query else [],
    }
    made: Json = {"method": method.upper(), "header": [], "url": url}
    made["description"] = operation.get("description", "")
    if any(parameter["name"] == "X-Link-Key" for parameter in operation["parameters"]):
        made["header"].append({"key": "X-Link-Key", "value": "{{link_key}}"})
    if "security" not in operation:
        made["auth"] = {"type": "noauth"}
    body = operation.get("requestBody", {}).get("content", {})
    if "application/json" in body:
        made["header"].append({"key": "Content-Type", "value": "application/json"})
        given = _given(body["application/json"]["example"])
        if operation["operationId"] == "create_user":
            given["email"] = "{{$guid}}@example.org"
        made["body"] = _raw(json.dumps(given, indent=2))
    elif body:
        made["header"].append({"key": "Content-Type", "value": f"multipart/form-data; boundary={BOUNDARY}"})
        made["body"] = _raw(FORM)
    return made


def _raw(text: str) -> Json:
    return {"mode": "raw", "raw": text}


def _given(example: Json) -> Json:
    """Return a body with variables where earlier answers tell what to say."""
    return {name: GIVEN.get(name, value) for name, value in example.items()}
