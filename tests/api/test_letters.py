"""Failed jobs over HTTP: admins look at them and send them again."""

from collections.abc import Iterator

import boto3
import pytest

from chalicelib.core.ids import new_id
from tests.conftest import Messages
from tests.doors import Door

Outputs = dict[str, str]


@pytest.fixture
def dead(outputs: Outputs) -> Iterator[dict[str, str]]:
    """Return the body of a job that failed five times, by the name of its queue."""
    sqs = boto3.client("sqs")
    urls = {"media": outputs["MediaDeadLettersUrl"], "jobs": outputs["JobsDeadLettersUrl"]}
    bodies = {lane: f"nothing that could be done {new_id()}" for lane in urls}
    for lane, url in urls.items():
        sqs.purge_queue(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody=bodies[lane])
    yield bodies
    for url in urls.values():
        sqs.purge_queue(QueueUrl=url)


def test_an_admin_looks_at_failed_jobs_and_sends_them_again(
    admin: Door, dead: dict[str, str], outputs: Outputs
) -> None:
    queue = Messages(outputs["JobsQueueUrl"])
    queue.take()
    assert admin.get("/v1/admin/stats")["jobs"]["jobs"]["failed"] == 1
    (failed,) = admin.get("/v1/admin/jobs?status=failed&lane=media")["items"]
    assert (failed["body"], failed["lane"]) == (dead["media"], "media")
    assert admin.ok("POST", "/v1/admin/jobs/redrive", 200, json={"lane": "jobs"}) == {"redriven": 1}
    assert [record["body"] for record in queue.take()] == [dead["jobs"]]
    assert admin.ok("POST", "/v1/admin/jobs/redrive", 200, json={"lane": "jobs"}) == {"redriven": 0}
    assert admin.get("/v1/admin/stats")["jobs"]["jobs"]["failed"] == 0

    me = admin.get("/v1/me")["id"]
    entries = admin.get(f"/v1/admin/activity?user={me}&action=jobs.")["items"]
    assert [(one["action"], one["details"]) for one in entries[2:]] == [
        ("jobs.redriven", {"sent": 1}),
        ("jobs.redrive", {"limit": 100}),
    ]
    assert {(one["actor"], one["target"]) for one in entries} == {(me, "jobs")}


def test_what_is_no_lane_and_no_number_is_refused(admin: Door) -> None:
    admin.refused("GET", "/v1/admin/jobs?lane=unheard", 422, "invalid")
    admin.refused("GET", "/v1/admin/jobs?status=done", 422, "invalid")
    admin.refused("POST", "/v1/admin/jobs/redrive", 422, "invalid", json={"limit": 501})
