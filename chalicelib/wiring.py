"""The one place where settings are read and objects are built."""

import functools
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, Json, PositiveInt

from chalicelib.accounts.key_store import KeyStore
from chalicelib.accounts.keys import ApiKeys
from chalicelib.accounts.mailing import Mailing
from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.session_store import SessionStore
from chalicelib.accounts.sessions import MARK_LIFE, Sessions
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.token_store import MailedTokenStore
from chalicelib.accounts.tokens import AccessTokens
from chalicelib.audit.service import Audit
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.aws.mail import Mail
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.secrets import CachedSecret
from chalicelib.aws.table import Tables
from chalicelib.blobs.service import Blobs
from chalicelib.blobs.store import BlobStore
from chalicelib.catalogue.counters import Counters
from chalicelib.catalogue.service import Catalogue
from chalicelib.catalogue.store import PostingStore
from chalicelib.core.caller import Role
from chalicelib.core.clock import Clock, now
from chalicelib.core.ids import NewId, in_sequence, new_id
from chalicelib.core.paging import Cursors
from chalicelib.files.service import Files
from chalicelib.files.store import FileStore
from chalicelib.idempotency.service import Once
from chalicelib.idempotency.store import OnceStore
from chalicelib.limits.rules import policies
from chalicelib.limits.service import Limits
from chalicelib.limits.store import CounterStore
from chalicelib.quotas.service import Quotas
from chalicelib.quotas.store import QuotaStore
from chalicelib.sharing.service import Links
from chalicelib.sharing.store import LinkStore
from chalicelib.sharing.visits import Visits
from chalicelib.uploads.multipart import Parts
from chalicelib.uploads.rules import DEFAULT_LIMITS, MAX_LIMIT, MULTIPART_FROM
from chalicelib.uploads.service import Uploads
from chalicelib.uploads.store import UploadStore

if TYPE_CHECKING:
    from chalicelib.intake.service import Intake

PREFIX = "MEDIATHEQUE_"
FileType = Literal["image", "video", "audio", "document"]
FileBytes = Annotated[int, Field(gt=0, le=MAX_LIMIT)]


class Settings(BaseModel):
    """What the environment says: `MEDIATHEQUE_` and the name in capitals. The stack's outputs give the resources."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bucket_name: str
    extraction_queue_url: str
    jobs_queue_url: str
    users_table: str
    files_table: str
    tags_table: str
    metadata_table: str
    activity_table: str
    token_keys_arn: str
    commit: str = "unknown"
    mail_from: str
    base_url: str = "http://127.0.0.1:8000"
    """Where people reach the API; links in mails begin with it."""
    default_role: Role = Role.OPERATOR
    registration_open: bool = True
    require_verified_email: bool = False
    """Whether nobody signs in before the address was confirmed."""
    allowed_origin: str = "*"
    free_after_hours: PositiveInt = 24
    """How long the bytes of erased files stay; more than the hour for which an upload's address is good."""
    media_tools_expected: bool = False
    """While a machine without ffprobe builds one, audio and video wait instead of failing."""
    argon2_memory_kib: PositiveInt = 65_536
    size_limits: Json[dict[FileType, FileBytes]] = Field(default_factory=dict)
    """The most bytes a file may have by type, as JSON: {"video": 5368709120}; what is left out keeps its default."""
    quota_bytes: PositiveInt = 20 << 30
    """The most bytes that one account may hold."""
    multipart_from_bytes: FileBytes = MULTIPART_FROM
    rates: Json[dict[str, PositiveInt]] = Field(default_factory=dict)
    """Quotas of rate limits by name, as JSON; `limits/rules.py` has their names, windows and defaults."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; raises pydantic's ValidationError naming what is missing."""
        ours = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX)
        }
        return cls.model_validate(ours)


@dataclass(frozen=True)
class Library:
    """Everything built once and used by the doors."""

    settings: Settings
    tables: Tables
    bucket: Bucket
    queue: Queue
    keys: CachedSecret
    audit: Audit
    limits: Limits
    accounts: Accounts
    sessions: Sessions
    api_keys: ApiKeys
    mailing: Mailing
    blobs: Blobs
    files: Files
    uploads: Uploads
    parts: Parts
    once: Once
    links: Links
    visits: Visits

    @functools.cached_property
    def intake(self) -> "Intake":
        """Return the intake, with the extraction that only its function carries."""
        from chalicelib.extraction.service import Extraction  # noqa: PLC0415 - the API never examines files
        from chalicelib.extraction.store import FactsStore  # noqa: PLC0415 - as above
        from chalicelib.extraction.tools import find_media_tools  # noqa: PLC0415 - as above
        from chalicelib.intake.service import Intake  # noqa: PLC0415 - as above

        facts = FactsStore(self.settings.metadata_table, self.files.clock)
        extraction = Extraction(self.bucket, facts, lambda: find_media_tools(os.environ))
        expected = self.settings.media_tools_expected
        return Intake(
            self.tables, self.blobs, self.files, self.uploads, extraction, self.audit, lambda: expected
        )

    def dependencies(self) -> dict[str, Callable[[], object]]:
        """Return a cheap question for each service that the library needs; a question that fails raises."""
        return {
            "tables": lambda: self.tables.get(self.settings.files_table, {"pk": "health", "sk": "health"}),
            "bucket": self.bucket.check,
            "queue": self.queue.check,
            "secrets": self.keys,
        }


def build(settings: Settings, clients: Clients, clock: Clock = now, new_id: NewId = new_id) -> Library:
    """Build the objects; no call to AWS is made."""
    tables = Tables(lambda: clients.dynamodb)
    bucket = Bucket(lambda: clients.s3, settings.bucket_name)
    queue = Queue(lambda: clients.sqs, settings.extraction_queue_url)
    keys = CachedSecret(lambda: clients.secrets, settings.token_keys_arn)
    audit = Audit(settings.activity_table, clock, new_id)
    limits = Limits(CounterStore(tables, settings.users_table), clock, policies(settings.rates))
    people = _people(settings, clients, audit, limits, keys, new_id)
    blobs = _blobs(settings, tables, bucket, clock)
    postings = PostingStore(tables, settings.tags_table)
    counters = Counters(tables, settings.tags_table, new_id)
    catalogue = Catalogue(postings, counters, Cursors(lambda: cursor_key(keys())))
    records = FileStore(tables, settings.files_table)
    files = Files(tables, records, catalogue, blobs, bucket, audit, clock)
    storage = MultipartBucket(lambda: clients.s3, settings.bucket_name)
    uploads = _uploads(settings, files, queue, storage, new_id)
    parts = Parts(uploads, storage)
    once = Once(OnceStore(tables, settings.files_table), clock)
    sharing = _sharing(settings, files, people[0], keys, new_id)
    store = (settings, tables, bucket, queue, keys, audit, limits)
    return Library(*store, *people, blobs, files, uploads, parts, once, *sharing)


@functools.cache
def library() -> Library:
    """Return this process's library, built from the environment when first asked for."""
    return build(Settings.from_environment(), Clients())


def cursor_key(keys: Mapping[str, str]) -> bytes:
    """Return the key that cursors are signed with: derived from the current token key, so a rotation ends cursors."""
    return _derived(keys, b"cursors")


def _derived(keys: Mapping[str, str], purpose: bytes) -> bytes:
    return hmac.digest(keys[keys["current"]].encode(), purpose, hashlib.sha256)


def _people(
    settings: Settings, clients: Clients, audit: Audit, limits: Limits, keys: CachedSecret, new_id: NewId
) -> tuple[Accounts, Sessions, ApiKeys, Mailing]:
    tables, clock = limits.store.tables, limits.clock
    store = AccountStore(tables, settings.users_table)
    session_store = SessionStore(tables, settings.users_table, MARK_LIFE)
    tokens = MailedTokenStore(settings.users_table)
    passwords = Passwords(settings.argon2_memory_kib)
    accounts = Accounts(
        tables=tables,
        store=store,
        sessions=session_store,
        tokens=tokens,
        audit=audit,
        passwords=passwords,
        limits=limits,
        jobs=Queue(lambda: clients.sqs, settings.jobs_queue_url),
        clock=clock,
        new_id=new_id,
        default_role=settings.default_role,
        registration_open=settings.registration_open,
    )
    sessions = Sessions(
        tables=tables,
        accounts=store,
        store=session_store,
        audit=audit,
        passwords=passwords,
        limits=limits,
        access_tokens=AccessTokens(keys, clock),
        clock=clock,
        new_id=new_id,
        verified_only=settings.require_verified_email,
    )
    api_keys = ApiKeys(tables, KeyStore(tables, settings.users_table), audit, clock, new_id)
    mail = Mail(lambda: clients.ses, settings.mail_from)
    mailing = Mailing(tables, store, tokens, mail, settings.base_url, clock, new_id)
    return accounts, sessions, api_keys, mailing


def _blobs(settings: Settings, tables: Tables, bucket: Bucket, clock: Clock) -> Blobs:
    return Blobs(
        tables=tables,
        store=BlobStore(tables, settings.files_table),
        agenda=Agenda(tables, settings.files_table, "blobs"),
        quotas=Quotas(QuotaStore(tables, settings.files_table), settings.quota_bytes),
        bucket=bucket,
        clock=clock,
        grace=timedelta(hours=settings.free_after_hours),
    )


def _uploads(
    settings: Settings, files: Files, queue: Queue, storage: MultipartBucket, new_id: NewId
) -> Uploads:
    return Uploads(
        tables=files.tables,
        store=UploadStore(files.tables, settings.files_table),
        agenda=Agenda(files.tables, settings.files_table, "uploads"),
        files=files,
        blobs=files.blobs,
        bucket=files.bucket,
        queue=queue,
        audit=files.audit,
        clock=files.clock,
        new_id=in_sequence(new_id),
        limits=DEFAULT_LIMITS | settings.size_limits,
        storage=storage,
        multipart_from=settings.multipart_from_bytes,
    )


def _sharing(
    settings: Settings, files: Files, accounts: Accounts, keys: CachedSecret, new_id: NewId
) -> tuple[Links, Visits]:
    store = LinkStore(files.tables, settings.files_table)
    links = Links(
        tables=files.tables,
        store=store,
        files=files,
        passwords=accounts.passwords,
        audit=files.audit,
        cursors=files.catalogue.cursors,
        clock=files.clock,
        new_id=new_id,
    )
    visits = Visits(
        tables=files.tables,
        store=store,
        files=files,
        accounts=accounts,
        passwords=accounts.passwords,
        limits=accounts.limits,
        audit=files.audit,
        secret=lambda: _derived(keys(), b"unlocked links"),
        clock=files.clock,
    )
    return links, visits
