"""The one place where objects are built: the library's parts, and which module of this package builds each.

A part is built when it is first asked for, and only then are its packages imported: a function, and a request, pay at
their start for what they use. What all parts are made from is given: settings, clients, a clock, a source of ids.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.aws.clients import Clients
from chalicelib.core.clock import Clock, now
from chalicelib.core.ids import NewId, new_id
from chalicelib.wiring.part import Part

if TYPE_CHECKING:
    from chalicelib.accounts.administration import Administration
    from chalicelib.accounts.deletion import Deletion
    from chalicelib.accounts.keys import ApiKeys
    from chalicelib.accounts.mailing import Mailing
    from chalicelib.accounts.passwords import Passwords
    from chalicelib.accounts.service import Accounts
    from chalicelib.accounts.sessions import Sessions
    from chalicelib.accounts.tokens import AccessTokens
    from chalicelib.allowances.service import AllowanceService
    from chalicelib.audit.service import Audit
    from chalicelib.aws.bucket import Bucket
    from chalicelib.aws.cloudfront import Distribution, SignedByCloudFront
    from chalicelib.aws.multipart import MultipartBucket
    from chalicelib.aws.queue import Queue
    from chalicelib.aws.secrets import CachedSecret
    from chalicelib.aws.signing import Signer
    from chalicelib.aws.table import Tables
    from chalicelib.blobs.service import Blobs
    from chalicelib.catalogue.counters import Counters
    from chalicelib.catalogue.service import Catalogue
    from chalicelib.core.paging import Cursors
    from chalicelib.erasure.service import Erasure
    from chalicelib.exports.service import Exports
    from chalicelib.extraction.history import History
    from chalicelib.files.administration import FileAdministration
    from chalicelib.files.service import Files
    from chalicelib.files.trash import Trash
    from chalicelib.idempotency.service import Once
    from chalicelib.inbox.senders import Senders
    from chalicelib.inbox.service import Inbox
    from chalicelib.intake.service import Intake
    from chalicelib.jobs.service import JobList
    from chalicelib.letters.service import DeadLetters
    from chalicelib.limits.service import Limits
    from chalicelib.organising.service import Organising
    from chalicelib.popularity.service import Popularity
    from chalicelib.publishing.service import Publishing
    from chalicelib.quotas.service import Quotas
    from chalicelib.recommendations.service import Recommendations
    from chalicelib.recommendations.similar import Similar
    from chalicelib.reconciliation.service import Reconciliation
    from chalicelib.renditions.copying import Copying
    from chalicelib.renditions.miniatures import Miniatures
    from chalicelib.renditions.service import Renditions
    from chalicelib.settings import Settings
    from chalicelib.sharing.grants import Grants
    from chalicelib.sharing.leftovers import Leftovers
    from chalicelib.sharing.received import Received
    from chalicelib.sharing.service import Links
    from chalicelib.sharing.visits import Visits
    from chalicelib.uploads.multipart import Parts
    from chalicelib.uploads.service import Uploads


class Library:
    """Everything that the doors use, each part built once. No call to AWS is made in building."""

    settings: "Part[Settings]" = Part("environment")

    tables: "Part[Tables]" = Part("ground")
    bucket: "Part[Bucket]" = Part("ground")
    storage: "Part[MultipartBucket]" = Part("ground")
    queue: "Part[Queue]" = Part("ground")
    slow_lane: "Part[Queue]" = Part("ground")
    jobs_queue: "Part[Queue]" = Part("ground")
    keys: "Part[CachedSecret]" = Part("ground")
    cursors: "Part[Cursors]" = Part("ground")
    audit: "Part[Audit]" = Part("ground")
    limits: "Part[Limits]" = Part("ground")

    access_tokens: "Part[AccessTokens]" = Part("tokens")
    api_keys: "Part[ApiKeys]" = Part("keys")
    passwords: "Part[Passwords]" = Part("people")
    accounts: "Part[Accounts]" = Part("people")
    sessions: "Part[Sessions]" = Part("people")
    mailing: "Part[Mailing]" = Part("people")
    administration: "Part[Administration]" = Part("people")
    deletion: "Part[Deletion]" = Part("people")

    catalogue: "Part[Catalogue]" = Part("content")
    counters: "Part[Counters]" = Part("content")
    quotas: "Part[Quotas]" = Part("content")
    blobs: "Part[Blobs]" = Part("content")
    files: "Part[Files]" = Part("content")
    signer: "Part[Signer]" = Part("content")
    edge_signer: "Part[SignedByCloudFront]" = Part("edge")
    distribution: "Part[Distribution]" = Part("edge")
    once: "Part[Once]" = Part("once")
    history: "Part[History]" = Part("history")
    renditions: "Part[Renditions]" = Part("renditions")
    recommendations: "Part[Recommendations]" = Part("recommending")
    similar: "Part[Similar]" = Part("recommending")
    popularity: "Part[Popularity]" = Part("popularity")
    organising: "Part[Organising]" = Part("organising")
    job_list: "Part[JobList]" = Part("job_list")
    exports: "Part[Exports]" = Part("exports")

    allowances: "Part[AllowanceService]" = Part("allowances")
    uploads: "Part[Uploads]" = Part("uploading")
    parts: "Part[Parts]" = Part("uploading")
    inbox: "Part[Inbox]" = Part("receiving")
    senders: "Part[Senders]" = Part("receiving")

    links: "Part[Links]" = Part("sharing")
    visits: "Part[Visits]" = Part("sharing")
    grants: "Part[Grants]" = Part("granting")
    received: "Part[Received]" = Part("granting")

    file_administration: "Part[FileAdministration]" = Part("administering")
    trash: "Part[Trash]" = Part("administering")
    leftovers: "Part[Leftovers]" = Part("administering")
    dead_letters: "Part[DeadLetters]" = Part("letters")
    publishing: "Part[Publishing]" = Part("publishing")
    reconciliation: "Part[Reconciliation]" = Part("reconciliation")
    erasure: "Part[Erasure]" = Part("erasure")
    intake: "Part[Intake]" = Part("examining")
    miniatures: "Part[Miniatures]" = Part("examining")
    copying: "Part[Copying]" = Part("examining")

    def __init__(
        self, clients: Clients, clock: Clock = now, new_id: NewId = new_id, settings: "Settings | None" = None
    ) -> None:
        """Take what everything is made from; without settings, the environment says them."""
        self.clients = clients
        self.clock = clock
        self.new_id = new_id
        self.building = threading.RLock()
        if settings is not None:
            vars(self)["settings"] = settings

    def dependencies(self) -> dict[str, Callable[[], object]]:
        """Return a cheap question for each service that the library needs; a question that fails raises."""
        return {
            "tables": lambda: self.tables.get(self.settings.files_table, {"pk": "health", "sk": "health"}),
            "bucket": self.bucket.check,
            "queue": self.queue.check,
            "secrets": self.keys,
        }


def build(settings: "Settings", clients: Clients, clock: Clock = now, new_id: NewId = new_id) -> Library:
    """Return a library of its own with these settings."""
    return Library(clients, clock, new_id, settings)


@dataclass
class _Process:
    library: Library | None = None


_process = _Process()
_building = threading.Lock()


def library() -> Library:
    """Return this process's library, made when first asked for; its settings the environment says."""
    with _building:
        if _process.library is None:
            _process.library = Library(Clients())
        return _process.library


def adopt(built: Library) -> None:
    """Make a library this process's own: what handlers get from now on."""
    _process.library = built
