"""Builds what hands files out: what is shared with one, and how bytes are delivered."""

import functools
from typing import TYPE_CHECKING

from chalicelib.accounts.service import Accounts
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.aws.secrets import CachedSecret
from chalicelib.aws.signing import Signer
from chalicelib.core.clock import Clock
from chalicelib.core.ids import in_sequence, new_id
from chalicelib.extraction.history import History
from chalicelib.extraction.jobs import Jobs
from chalicelib.files.service import Files
from chalicelib.organising.service import Organising
from chalicelib.recommendations.service import Recommendations
from chalicelib.recommendations.similar import Similar
from chalicelib.settings import Settings
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.received import Received
from chalicelib.uploads.service import Uploads

if TYPE_CHECKING:
    from chalicelib.aws.signing import Edge
    from chalicelib.inbox.senders import Senders
    from chalicelib.inbox.service import Inbox
    from chalicelib.popularity.service import Popularity
    from chalicelib.publishing.service import Publishing
    from chalicelib.renditions.copying import Copying


class Delivering:
    """The part of the library that hands files out; built when first asked for."""

    accounts: Accounts
    files: Files
    grants: Grants
    settings: Settings
    history: History
    organising: Organising
    clients: Clients
    uploads: Uploads

    @functools.cached_property
    def received(self) -> Received:
        """Return what lists the files that others share with one."""
        return Received(self.grants.store, self.files, self.files.owner_active.among, self.grants.cursors)

    @functools.cached_property
    def recommendations(self) -> Recommendations:
        """Return what finds files that go with a file."""
        return Recommendations(self.files, self.received)

    @functools.cached_property
    def similar(self) -> Similar:
        """Return what finds pictures that look like one."""
        return Similar(self.files, self.received)

    @functools.cached_property
    def publishing(self) -> "Publishing":
        """Return what follows public content to the edge and back, which only workers do."""
        from chalicelib.publishing.service import Publishing  # noqa: PLC0415 - the API's cold start has no use for it

        files = self.files
        history = Jobs(self.history.jobs.store, files.clock, in_sequence(new_id))
        edge = build_edge(self.settings, self.clients)
        return Publishing(files, history, files.bucket, edge, self.organising.jobs.queue, files.clock)

    @functools.cached_property
    def copying(self) -> "Copying":
        """Return what makes copies without metadata, which only the extraction function does."""
        from chalicelib.renditions.copying import Copying  # noqa: PLC0415 - the API makes none

        return Copying(self.files, self.files.bucket, self.history.jobs)

    @functools.cached_property
    def inbox(self) -> "Inbox":
        """Return what brings in the files that owners ask others for."""
        from chalicelib.inbox.service import Inbox  # noqa: PLC0415 - few requests ask for it
        from chalicelib.inbox.store import RequestStore  # noqa: PLC0415 - as above

        tables, table = self.files.tables, self.settings.files_table
        return Inbox(
            tables,
            RequestStore(tables, table),
            Agenda(tables, table, "parcels"),
            self.uploads,
            self.organising.jobs.queue,
            self.files.audit,
            self.files.catalogue.cursors,
            self.accounts.may_write,
            self.organising.new_id,
        )

    @functools.cached_property
    def senders(self) -> "Senders":
        """Return what those use who send files by a request's link."""
        from chalicelib.inbox.senders import Senders  # noqa: PLC0415 - few requests ask for it

        return Senders(self.inbox, self.accounts.limits, self.organising.new_id)

    @functools.cached_property
    def popularity(self) -> "Popularity":
        """Return what adds up how often files are used."""
        from chalicelib.popularity.service import Popularity  # noqa: PLC0415 - few requests ask for it
        from chalicelib.popularity.store import UseStore  # noqa: PLC0415 - as above

        files = self.files
        return Popularity(
            UseStore(files.tables, files.store.table), files, files.catalogue.cursors, files.clock
        )


def build_edge(settings: Settings, clients: Clients) -> "Edge | None":
    """Return the distribution, where there is one."""
    if not settings.cdn_distribution_id:
        return None
    from chalicelib.aws.cloudfront import Distribution  # noqa: PLC0415 - only where it is configured

    return Distribution(lambda: clients.cloudfront, settings.cdn_distribution_id)


def build_signer(settings: Settings, clients: Clients, bucket: Bucket, clock: Clock) -> Signer:
    """Return who signs the addresses of bytes: CloudFront where there is a distribution, else S3."""
    if not settings.cdn_domain:
        return bucket
    from chalicelib.aws.cloudfront import SignedByCloudFront  # noqa: PLC0415 - only where it is configured

    secret = CachedSecret(lambda: clients.secrets, settings.cdn_key_name)
    return SignedByCloudFront(settings.cdn_domain, settings.cdn_key_id, secret, clock)
