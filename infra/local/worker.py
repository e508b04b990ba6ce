"""One machine's SQS event source mapping: `python -m infra.local.worker QUEUE [--threads N] [--nice N]`.

Long-polls the queue, calls the app's own handler with Lambda's event, and deletes what succeeded. What failed
stays: SQS shows it again after the visibility time-out, counts receives and moves it to the dead letters.
On SIGTERM every thread finishes its batch first.
"""

import argparse
import importlib
import logging
import os
import random
import signal
import sys
import threading
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.event_sources import QueueSource, queue_sources, queue_url
from infra.local.lambda_context import LambdaContext
from infra.local.sqs_event import event_of, failed_ids, queue_arn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

_log = logging.getLogger("worker")
_POLL_SECONDS = (
    2  # bounds how long a stop waits: a poll that is cut short would hide the message it was given
)
_MAX_BATCH = 10  # SQS gives no more at once
_LONGEST_PAUSE = 30.0
_FUNCTION_SECONDS = 900.0  # Lambda's longest; only what the context tells the handler


class Worker:
    """Serves one queue with as many threads as `run` is told, each taking batches one after another."""

    def __init__(
        self,
        sqs: "SQSClient",
        source: QueueSource,
        url: str,
        stop: threading.Event,
        poll_seconds: int = _POLL_SECONDS,
    ) -> None:
        self._sqs = sqs
        self._poll_seconds = poll_seconds
        self._source = source
        self._url = url
        self._arn = queue_arn(url, sqs.meta.region_name)
        self._stop = stop

    def run(self, threads: int) -> None:
        """Serve until the stop event is set and the batches at hand are done."""
        workers = [threading.Thread(target=self._serve, name=f"batch-{n}") for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _serve(self) -> None:
        pause = 0.5
        while not self._stop.is_set():
            try:
                self._take_batch()
                pause = 0.5
            except (BotoCoreError, ClientError) as fault:
                _log.warning("The queue does not answer (%s); trying again in %.0f s.", fault, pause)
                self._stop.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, no secret
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _take_batch(self) -> None:
        response = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(self._source.batch_size, _MAX_BATCH),
            WaitTimeSeconds=self._poll_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = response.get("Messages", [])
        if messages:
            self._delete(messages, keep=self._handle(messages))

    def _handle(self, messages: "Sequence[MessageTypeDef]") -> set[str]:
        """Call the handler and return the ids of the messages that failed."""
        sent = {message["MessageId"] for message in messages}
        context = LambdaContext(self._source.function_name, self._sqs.meta.region_name, _FUNCTION_SECONDS)
        try:
            answer = self._source.handler(event_of(messages, self._arn), context)
        except Exception:  # noqa: BLE001 - whatever a handler raises fails its batch, as on Lambda; it is logged whole
            _log.exception(
                "%s raised; its batch of %d will come again.", self._source.function_name, len(sent)
            )
            return sent
        failed = failed_ids(answer, sent)
        if failed:
            _log.warning("%d of %d messages failed and will come again.", len(failed), len(sent))
        return failed

    def _delete(self, messages: "Sequence[MessageTypeDef]", keep: set[str]) -> None:
        """Delete one by one: the emulator wants a permission for DeleteMessageBatch that does not exist on AWS."""
        for message in messages:
            if message["MessageId"] not in keep:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def main(arguments: list[str]) -> None:
    """Serve the queue named on the command line until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.worker", description="Serve one queue.")
    parser.add_argument("queue")
    parser.add_argument("--threads", type=int, default=int(os.environ.get("WORKER_THREADS", "2")))
    parser.add_argument("--app", default="app", help="module that exports `app`")
    parser.add_argument("--nice", type=int, default=0, help="how far to stand back for other processes")
    options = parser.parse_args(arguments)
    os.nice(options.nice)
    logging.basicConfig(format="%(levelname)s %(message)s")
    logging.getLogger("worker").setLevel(logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    sources = queue_sources(importlib.import_module(options.app).app)
    if options.queue not in sources:
        sys.exit(f"The app has no handler for the queue {options.queue!r}, only for: {', '.join(sources)}.")
    sqs = boto3.client(
        "sqs", config=Config(read_timeout=_POLL_SECONDS + 15, max_pool_connections=options.threads)
    )
    Worker(sqs, sources[options.queue], queue_url(options.queue), stop).run(options.threads)


if __name__ == "__main__":
    main(sys.argv[1:])
