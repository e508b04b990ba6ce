"""kill -9 in the middle of a stream of writes: what had a reply is there after the restart.

The long form: EMBEDDED_AWS_KILL_ROUNDS=20 pytest <this file>.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from botocore.exceptions import BotoCoreError

from infra.local.embedded_aws.process import EmbeddedAws
from tests.infra.local.embedded_aws.clients import Clients
from tests.infra.local.embedded_aws.kill_truth import Truth
from tests.infra.local.embedded_aws.kill_writers import (
    ItemWriter,
    MessageWriter,
    TransactionWriter,
    Writer,
)
from tests.infra.local.embedded_aws.kill_writers_objects import ObjectWriter, SettingsWriter, UploadWriter

ROUNDS = int(os.environ.get("EMBEDDED_AWS_KILL_ROUNDS", "3"))
WRITES_PER_ROUND = 150
DEADLINE = 30.0  # seconds for a round's writes


def make_writers(root: Clients, truth: Truth) -> list[Writer]:
    return [
        ItemWriter(root, truth, Random(1)),
        TransactionWriter(root, truth),
        MessageWriter(root, truth, Random(2)),
        ObjectWriter(root, truth, Random(3)),
        UploadWriter(root, truth, Random(4)),
        SettingsWriter(root, truth, Random(5)),
    ]


def write_until_killed(writer: Writer, killed: threading.Event, problems: list[Exception]) -> None:
    try:
        while True:
            writer.step()
    except BotoCoreError as error:  # the connection ended with the server
        if not killed.wait(5):
            problems.append(error)
    except Exception as error:  # noqa: BLE001 - told by the main thread
        problems.append(error)


@contextmanager
def writing(writers: list[Writer], aws: EmbeddedAws) -> Iterator[None]:
    """The writers write in threads; at the end the server gets SIGKILL amid their requests."""
    killed = threading.Event()
    problems: list[Exception] = []
    arguments = [(writer, killed, problems) for writer in writers]
    threads = [threading.Thread(target=write_until_killed, args=args) for args in arguments]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        aws.kill()
        killed.set()
        for thread in threads:
            thread.join()
    assert not problems


def wait_for_writes(truth: Truth, count: int) -> None:
    deadline = time.monotonic() + DEADLINE
    changed = threading.Event()
    while truth.total() < count:
        assert time.monotonic() < deadline, truth.acknowledged
        changed.wait(0.005)


@pytest.mark.parametrize(("fsync", "rounds"), [(False, ROUNDS), (True, max(1, ROUNDS // 4))])
def test_nothing_acknowledged_is_lost_by_kills(tmp_path: Path, fsync: bool, rounds: int) -> None:  # noqa: FBT001 - a parameter of the test
    truth = Truth()
    random = Random(6)
    with EmbeddedAws(tmp_path, fsync=fsync) as aws:
        writers = make_writers(Clients.of_root(aws), truth)
        for writer in writers:
            writer.prepare()
        for _ in range(rounds):
            before = truth.total()
            with writing(writers, aws):
                wait_for_writes(truth, before + WRITES_PER_ROUND + random.randrange(50))
            aws.start()
            for writer in writers:
                writer.look()
            assert not truth.wrong
    kinds = {
        "item",
        "transaction",
        "message",
        "message deleted",
        "object",
        "part",
        "uploaded",
        "secret",
        "session",
    }
    assert kinds <= set(truth.acknowledged), "the load left a kind out"
