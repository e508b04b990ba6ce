"""The server as a child process: refusals, its end, its parent's end, another port, reset and sent mail."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.embedded_aws.emulator import PINNED_VERSION, WrongVersionError, require_pinned
from infra.local.embedded_aws.process import EmbeddedAws, NotStartedError, PortBusyError
from tests.infra.local.embedded_aws.clients import Clients

REPOSITORY = Path(__file__).resolve().parents[4]
TEMPLATE = {
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 60}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "stacked",
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "lambda.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
            },
        },
    },
    "Outputs": {"Url": {"Value": {"Ref": "Queue"}}},
}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        threading.Event().wait(0.02)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_second_server_on_the_same_folder_is_refused(aws: EmbeddedAws) -> None:
    with pytest.raises(NotStartedError, match="another embedded AWS uses"):
        EmbeddedAws(aws.folder).start()


def test_a_busy_port_is_refused_with_its_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortBusyError, match=str(port)):
            EmbeddedAws(tmp_path, port).start()


def test_the_pinned_version_is_accepted() -> None:
    require_pinned()
    require_pinned(PINNED_VERSION)


def test_any_other_version_is_refused_with_what_to_do() -> None:
    with pytest.raises(WrongVersionError, match=rf"pip install ministack=={PINNED_VERSION}"):
        require_pinned("1.5.34")


def test_the_command_refuses_another_version_in_one_line(tmp_path: Path) -> None:
    """A package of the same name and another version stands before the installed one."""
    fake = tmp_path / "ministack-1.5.34.dist-info"
    fake.mkdir()
    (fake / "METADATA").write_text("Metadata-Version: 2.1\nName: ministack\nVersion: 1.5.34\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "EMBEDDED_AWS_DIR": str(tmp_path / "aws")}
    command = [sys.executable, "-m", "infra.local.embedded_aws"]
    done = subprocess.run(
        command, env=environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "1.5.34 is installed" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_server_ends_with_its_killed_parent(tmp_path: Path) -> None:
    script = (
        "import os, sys, pathlib\n"
        "from infra.local.embedded_aws.process import EmbeddedAws\n"
        "EmbeddedAws(pathlib.Path(sys.argv[1])).start()\n"
        "print(open(f'/proc/{os.getpid()}/task/{os.getpid()}/children').read().split()[0], flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert parent.returncode == -signal.SIGKILL
    child = int(parent.stdout)
    wait_until(lambda: not is_alive(child), "the server outlived its parent")


def test_state_is_private_to_its_owner(aws: EmbeddedAws) -> None:
    for name in ("root-credentials.json", "journal.sqlite"):
        assert (aws.folder / name).stat().st_mode & 0o077 == 0


def test_reset_forgets_everything_for_good_and_keeps_root(aws: EmbeddedAws, root: Clients) -> None:
    root.create_table("items", "pk")
    root.dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}})
    root.s3.create_bucket(Bucket="bucket")
    root.s3.put_object(Bucket="bucket", Key="key", Body=b"x")
    root.s3.create_multipart_upload(Bucket="bucket", Key="other")
    root.sqs.create_queue(QueueName="queue")
    root.create_role("role")
    aws.reset()
    aws.kill()
    aws.start()
    assert root.dynamodb.list_tables()["TableNames"] == []
    assert root.s3.list_buckets()["Buckets"] == []
    assert not root.sqs.list_queues().get("QueueUrls")
    assert root.iam.list_roles()["Roles"] == []


def test_sent_mail_can_be_read(aws: EmbeddedAws, root: Clients) -> None:
    assert aws.sent_mail() == []
    root.ses.verify_email_identity(EmailAddress="library@example.org")
    message: Any = {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Text"}}}
    to: Any = {"ToAddresses": ["reader@example.org"]}
    root.ses.send_email(Source="library@example.org", Destination=to, Message=message)
    (mail,) = aws.sent_mail()
    assert (mail["To"], mail["Subject"], mail["BodyText"]) == (["reader@example.org"], "Hello", "Text")


def stack_status(root: Clients) -> str:
    return root.cloudformation.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]


def test_a_stack_is_updated_after_a_move_to_another_port(tmp_path: Path) -> None:
    named: Any = {"StackName": "stack", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    with EmbeddedAws(tmp_path) as before:
        root = Clients.of_root(before)
        root.cloudformation.create_stack(**named, TemplateBody=json.dumps(TEMPLATE))
        wait_until(lambda: stack_status(root) == "CREATE_COMPLETE", "the stack was not made")
        before.kill()
        before.start()
        assert stack_status(root) == "CREATE_COMPLETE"
    with EmbeddedAws(tmp_path) as after:
        root = Clients.of_root(after)
        (url,) = root.sqs.list_queues()["QueueUrls"]
        assert after.endpoint_url.rpartition(":")[2] in url
        changed = json.dumps(TEMPLATE).replace('"VisibilityTimeout": 60', '"VisibilityTimeout": 90')
        root.cloudformation.update_stack(**named, TemplateBody=changed)
        wait_until(lambda: stack_status(root) == "UPDATE_COMPLETE", "the stack was not updated")
        attributes = root.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert attributes["VisibilityTimeout"] == "90"
