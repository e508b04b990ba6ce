"""Builds what everything stands on: tables, bucket, queues, secrets, the activity log, limits."""

from typing import TYPE_CHECKING

from chalicelib.audit.service import Audit
from chalicelib.audit.store import AuditStore
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.secrets import CachedSecret
from chalicelib.aws.table import Tables
from chalicelib.core.paging import Cursors
from chalicelib.limits.rules import policies
from chalicelib.limits.service import Limits
from chalicelib.limits.store import CounterStore
from chalicelib.wiring.derived import derived

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def tables(library: "Library") -> Tables:
    """Build the tables."""
    return Tables(lambda: library.clients.dynamodb)


def bucket(library: "Library") -> Bucket:
    """Build the bucket of all bytes."""
    return Bucket(lambda: library.clients.s3, library.settings.bucket_name)


def storage(library: "Library") -> MultipartBucket:
    """Build the same bucket, as it takes files in parts."""
    return MultipartBucket(lambda: library.clients.s3, library.settings.bucket_name)


def queue(library: "Library") -> Queue:
    """Build the queue of what has arrived."""
    return Queue(lambda: library.clients.sqs, library.settings.extraction_queue_url)


def slow_lane(library: "Library") -> Queue:
    """Build the queue of audio and video."""
    return Queue(lambda: library.clients.sqs, library.settings.media_queue_url)


def jobs_queue(library: "Library") -> Queue:
    """Build the queue of work for later."""
    return Queue(lambda: library.clients.sqs, library.settings.jobs_queue_url)


def keys(library: "Library") -> CachedSecret:
    """Build the keys that tokens are signed with."""
    return CachedSecret(lambda: library.clients.secrets, library.settings.token_keys_arn)


def cursors(library: "Library") -> Cursors:
    """Build cursors, signed with a key of their own; a rotation of the keys ends them."""
    return Cursors(lambda: derived(library.keys(), b"cursors"))


def audit(library: "Library") -> Audit:
    """Build the activity log."""
    store = AuditStore(library.tables, library.settings.activity_table)
    return Audit(store, library.clock, library.new_id, library.cursors)


def limits(library: "Library") -> Limits:
    """Build the limits of rates."""
    settings = library.settings
    store = CounterStore(library.tables, settings.users_table)
    return Limits(store, library.clock, policies(settings.rates))
