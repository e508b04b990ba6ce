"""Builds files: their content, the lists that they are in, and who signs the addresses of bytes."""

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.accounts.presence import Presence
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.signing import Signer
from chalicelib.blobs.service import Blobs
from chalicelib.blobs.store import BlobStore
from chalicelib.catalogue.categories import Categories
from chalicelib.catalogue.counters import Counters
from chalicelib.catalogue.service import Catalogue
from chalicelib.catalogue.store import PostingStore
from chalicelib.files.copies import Copies
from chalicelib.files.service import Files
from chalicelib.files.store import FileStore
from chalicelib.quotas.service import Quotas
from chalicelib.quotas.store import QuotaStore
from chalicelib.usage.tally import Tally

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def counters(library: "Library") -> Counters:
    """Build the counts of tags, categories and bytes."""
    return Counters(library.tables, library.settings.tags_table, library.new_id)


def catalogue(library: "Library") -> Catalogue:
    """Build the lists of files, and their words."""
    tables, table, counters = library.tables, library.settings.tags_table, library.counters
    categories = Categories(tables, table, counters, library.audit, library.clock, library.new_id)
    return Catalogue(PostingStore(tables, table), counters, categories, library.cursors)


def quotas(library: "Library") -> Quotas:
    """Build how much accounts may hold."""
    store = QuotaStore(library.tables, library.settings.files_table)
    return Quotas(store, lambda: library.allowances().default_quota, library.counters.held)


def blobs(library: "Library") -> Blobs:
    """Build the content behind files."""
    tables, settings = library.tables, library.settings
    return Blobs(
        tables=tables,
        store=BlobStore(tables, settings.files_table),
        agenda=Agenda(tables, settings.files_table, "blobs"),
        quotas=library.quotas,
        bucket=library.bucket,
        clock=library.clock,
        grace=timedelta(hours=settings.free_after_hours),
        found_in=lambda *content: library.history.facts.removals(*content),  # noqa: PLW0108 - not built before
    )


def files(library: "Library") -> Files:
    """Build files as people see them."""
    tables, table, bucket, clock = (
        library.tables,
        library.settings.files_table,
        library.bucket,
        library.clock,
    )
    records, signer = FileStore(tables, table), library.signer
    return Files(
        *(tables, records, library.catalogue, library.blobs, bucket, signer, library.audit, clock),
        granted=lambda *asked: library.grants.store.permission(*asked),  # noqa: PLW0108 - not built before
        owner_active=Presence(lambda ids: library.accounts.active_among(ids), clock),  # noqa: PLW0108 - as above
        tally=Tally(library.jobs_queue, clock, library.new_id),
        copies=Copies(bucket, signer, library.queue, clock),
        exposures=Agenda(tables, table, "exposures"),
    )


def signer(library: "Library") -> Signer:
    """Return who signs the addresses of bytes: CloudFront where there is a distribution, else S3."""
    return library.edge_signer if library.settings.cdn_domain else library.bucket
