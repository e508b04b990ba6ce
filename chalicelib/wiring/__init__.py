"""The one place where objects are built."""

import functools
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.accounts.administration import Administration
from chalicelib.accounts.deletion import Deletion
from chalicelib.accounts.keys import ApiKeys
from chalicelib.accounts.mailing import Mailing
from chalicelib.accounts.presence import Presence
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.sessions import Sessions
from chalicelib.allowances.service import AllowanceService
from chalicelib.audit.service import Audit
from chalicelib.audit.store import AuditStore
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.aws.multipart import MultipartBucket
from chalicelib.aws.queue import Queue
from chalicelib.aws.secrets import CachedSecret
from chalicelib.aws.table import Tables
from chalicelib.blobs.service import Blobs
from chalicelib.blobs.store import BlobStore
from chalicelib.catalogue.categories import Categories
from chalicelib.catalogue.counters import Counters
from chalicelib.catalogue.service import Catalogue
from chalicelib.catalogue.store import PostingStore
from chalicelib.core.clock import Clock, now
from chalicelib.core.ids import NewId, new_id
from chalicelib.core.paging import Cursors
from chalicelib.extraction.history import History
from chalicelib.extraction.jobs import Jobs
from chalicelib.extraction.store import FactsStore, JobStore
from chalicelib.files.copies import Copies
from chalicelib.files.service import Files
from chalicelib.files.store import FileStore
from chalicelib.idempotency.service import Once
from chalicelib.idempotency.store import OnceStore
from chalicelib.letters.service import DeadLetters, Lane
from chalicelib.limits.rules import policies
from chalicelib.limits.service import Limits
from chalicelib.limits.store import CounterStore
from chalicelib.organising.service import Organising
from chalicelib.quotas.service import Quotas
from chalicelib.quotas.store import QuotaStore
from chalicelib.renditions.service import Renditions
from chalicelib.settings import Settings
from chalicelib.sharing.grant_store import GrantStore
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.service import Links
from chalicelib.sharing.store import LinkStore
from chalicelib.sharing.visits import Visits
from chalicelib.uploads.multipart import Parts
from chalicelib.uploads.service import Uploads
from chalicelib.usage.tally import Tally
from chalicelib.wiring.administering import Administering
from chalicelib.wiring.delivering import Delivering, build_signer
from chalicelib.wiring.organising import build_organising
from chalicelib.wiring.people import build_people
from chalicelib.wiring.uploading import build_allowances, build_uploads

__all__ = ["Library", "Settings", "adopt", "build", "cursor_key", "library"]

if TYPE_CHECKING:
    from chalicelib.erasure.service import Erasure
    from chalicelib.exports.service import Exports
    from chalicelib.intake.service import Intake
    from chalicelib.reconciliation.service import Reconciliation
    from chalicelib.renditions.miniatures import Miniatures


@dataclass(frozen=True)
class Library(Delivering, Administering):
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
    administration: Administration
    deletion: Deletion
    blobs: Blobs
    files: Files
    uploads: Uploads
    parts: Parts
    once: Once
    links: Links
    visits: Visits
    grants: Grants
    allowances: AllowanceService
    slow_lane: Queue
    renditions: Renditions
    history: History
    dead_letters: DeadLetters
    clients: Clients
    organising: Organising

    @functools.cached_property
    def exports(self) -> "Exports":
        """Return what makes exports."""
        from chalicelib.wiring.exports import build_exports  # noqa: PLC0415 - few requests are about exports

        return build_exports(self)

    @functools.cached_property
    def erasure(self) -> "Erasure":
        """Return what erases accounts with everything they own."""
        from chalicelib.erasure.service import Erasure  # noqa: PLC0415 - only the jobs function erases

        facts = FactsStore(self.tables, self.settings.metadata_table, self.files.clock)
        exports = self.exports.writing
        beside = (self.links, self.grants, exports, self.organising.jobs, self.popularity, self.inbox)
        return Erasure(self.files, *beside, facts.removals, self.deletion)

    @functools.cached_property
    def intake(self) -> "Intake":
        """Return the intake, with the extraction that only its function carries."""
        from chalicelib.wiring.workers import build_intake  # noqa: PLC0415 - the API never examines files

        return build_intake(self)

    @functools.cached_property
    def miniatures(self) -> "Miniatures":
        """Return what draws chosen miniatures, which only the extraction function does."""
        from chalicelib.renditions.miniatures import Miniatures  # noqa: PLC0415 - the API draws nothing

        return Miniatures(self.tables, self.files, self.bucket, self.history.jobs)

    @functools.cached_property
    def reconciliation(self) -> "Reconciliation":
        """Return what compares bucket and tables, which only the sweep does."""
        from chalicelib.wiring.workers import build_reconciliation  # noqa: PLC0415 - the sweep's alone

        return build_reconciliation(self)

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
    cursors = Cursors(lambda: cursor_key(keys()))
    audit = Audit(AuditStore(tables, settings.activity_table), clock, new_id, cursors)
    limits = Limits(CounterStore(tables, settings.users_table), clock, policies(settings.rates))
    allowances = build_allowances(settings, audit)
    quotas = _quotas(settings, tables, allowances, new_id)
    people = build_people(settings, clients, audit, limits, keys, quotas)
    blobs = _blobs(settings, quotas, bucket, clock)
    catalogue = _catalogue(settings, audit, cursors, new_id)
    records = FileStore(tables, settings.files_table)
    granted = GrantStore(tables, settings.files_table).permission
    present = Presence(people[0].active_among, clock)
    signer = build_signer(settings, clients, bucket, clock)
    files = Files(
        *(tables, records, catalogue, blobs, bucket, signer, audit, clock, granted, present),
        tally=Tally(people[0].jobs, clock, new_id),
        copies=Copies(bucket, signer, queue, clock),
        exposures=Agenda(tables, settings.files_table, "exposures"),
    )
    storage = MultipartBucket(lambda: clients.s3, settings.bucket_name)
    uploads = build_uploads(settings, files, limits, allowances, queue, storage, new_id)
    once = Once(OnceStore(tables, settings.files_table), clock)
    renditions = Renditions(files, bucket, queue, clock)
    sharing = _sharing(renditions, people.accounts, keys, new_id)
    content = (blobs, files, uploads, Parts(uploads, storage), once)
    return Library(
        *(settings, tables, bucket, queue, keys, audit, limits, *people, *content, *sharing),
        clients=clients,
        allowances=allowances,
        slow_lane=Queue(lambda: clients.sqs, settings.media_queue_url),
        renditions=renditions,
        organising=build_organising(files, people[0].jobs, new_id),
        history=_history(settings, tables, clock, new_id),
        dead_letters=_dead_letters(settings, clients, tables, audit),
    )


@dataclass
class _Process:
    library: Library | None = None


_process = _Process()
_building = threading.Lock()


def library() -> Library:
    """Return this process's library, built from the environment when first asked for."""
    with _building:
        if _process.library is None:
            _process.library = build(Settings.from_environment(), Clients())
        return _process.library


def adopt(built: Library) -> None:
    """Make a library this process's own: what handlers get from now on."""
    _process.library = built


def cursor_key(keys: Mapping[str, str]) -> bytes:
    """Return the key that cursors are signed with: derived from the current token key, so a rotation ends cursors."""
    return _derived(keys, b"cursors")


def _derived(keys: Mapping[str, str], purpose: bytes) -> bytes:
    return hmac.digest(keys[keys["current"]].encode(), purpose, hashlib.sha256)


def _quotas(settings: Settings, tables: Tables, allowances: AllowanceService, new_id: NewId) -> Quotas:
    counters = Counters(tables, settings.tags_table, new_id)
    store = QuotaStore(tables, settings.files_table)
    return Quotas(store, lambda: allowances().default_quota, counters.held)


def _blobs(settings: Settings, quotas: Quotas, bucket: Bucket, clock: Clock) -> Blobs:
    tables = quotas.store.tables
    return Blobs(
        tables=tables,
        store=BlobStore(tables, settings.files_table),
        agenda=Agenda(tables, settings.files_table, "blobs"),
        quotas=quotas,
        bucket=bucket,
        clock=clock,
        grace=timedelta(hours=settings.free_after_hours),
        found_in=FactsStore(tables, settings.metadata_table, clock).removals,
    )


def _catalogue(settings: Settings, audit: Audit, cursors: Cursors, new_id: NewId) -> Catalogue:
    tables = audit.store.tables
    postings = PostingStore(tables, settings.tags_table)
    counters = Counters(tables, settings.tags_table, new_id)
    categories = Categories(tables, settings.tags_table, counters, audit, audit.clock, new_id)
    return Catalogue(postings, counters, categories, cursors)


def _dead_letters(settings: Settings, clients: Clients, tables: Tables, audit: Audit) -> DeadLetters:
    def lane(url: str, dead_url: str) -> Lane:
        return Lane(Queue(lambda: clients.sqs, url), Queue(lambda: clients.sqs, dead_url))

    lanes = {
        "extraction": lane(settings.extraction_queue_url, settings.extraction_dead_letters_url),
        "media": lane(settings.media_queue_url, settings.media_dead_letters_url),
        "jobs": lane(settings.jobs_queue_url, settings.jobs_dead_letters_url),
    }
    return DeadLetters(lanes, tables, audit)


def _history(settings: Settings, tables: Tables, clock: Clock, new_id: NewId) -> History:
    facts = FactsStore(tables, settings.metadata_table, clock)
    return History(facts, Jobs(JobStore(tables, settings.metadata_table), clock, new_id))


def _sharing(
    renditions: Renditions, accounts: Accounts, keys: CachedSecret, new_id: NewId
) -> tuple[Links, Visits, Grants]:
    files = renditions.files
    links = LinkStore(files.tables, files.store.table)
    grants = GrantStore(files.tables, files.store.table)
    cursors, clock, audit = files.catalogue.cursors, files.clock, files.audit
    passwords, limits = accounts.passwords, accounts.limits
    return (
        Links(files.tables, links, files, passwords, audit, cursors, clock, new_id),
        Visits(
            *(files.tables, links, files, renditions, accounts, passwords, limits, audit),
            secret=lambda: _derived(keys(), b"unlocked links"),
            clock=clock,
        ),
        Grants(files.tables, grants, files, accounts, limits, audit, cursors, clock),
    )
