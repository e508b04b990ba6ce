"""The jobs function: work for later, one message a job.

A kind of job is a line in `KINDS`. What fails comes back after the queue's visibility timeout, and after five times
goes to the dead-letter queue, from where an admin can send it again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.aws.meter import metered
from chalicelib.core.job import Job, Kind
from chalicelib.core.log import log
from chalicelib.core.metrics import JOB, measured
from chalicelib.events.batches import Batch, each_message
from chalicelib.wiring import Library, library

About = Mapping[str, str]
KINDS: dict[str, Callable[[Library, About], object]] = {
    Kind.MAIL_VERIFICATION: lambda to, about: to.mailing.send_verification(about["user_id"]),
    Kind.MAIL_RESET: lambda to, about: to.mailing.send_reset(about["email"]),
    Kind.SIGN_IN_REFUSED: lambda to, about: to.sessions.note_refusal(about),
    Kind.ERASE: lambda to, about: to.erasure.erase(about["user_id"]),
    Kind.USES: lambda to, about: to.popularity.settle(dict(about)),
    Kind.PUBLISH: lambda to, about: to.publishing.settle(dict(about)),
    Kind.ORGANISE: lambda to, about: to.organising.advance(about["job_id"]),
    Kind.RECEIVE: lambda to, about: to.inbox.receive(about["token_hash"], about["parcel_id"]),
    Kind.EXPORT: lambda to, about: to.exports.advance(about["owner_id"], about["export_id"]),
}


def run_jobs(event: Batch, context: object) -> Any:  # noqa: ARG001 - Lambda's signature
    """Handle a batch of jobs."""
    return each_message(event, _run)


def _run(body: str) -> None:
    job = Job.from_text(body)
    log.thread_safe_append_keys(job=job.kind)
    with metered() as receipt:
        KINDS[job.kind](library(), job.about)
    log.info("job done", extra=measured(receipt.summary(), JOB))
