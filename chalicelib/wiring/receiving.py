"""Builds what brings in the files that owners ask others for."""

from typing import TYPE_CHECKING

from chalicelib.aws.agenda import Agenda
from chalicelib.inbox.senders import Senders
from chalicelib.inbox.service import Inbox
from chalicelib.inbox.store import RequestStore

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def inbox(library: "Library") -> Inbox:
    """Build what owners do with file requests."""
    tables, table = library.tables, library.settings.files_table
    return Inbox(
        tables,
        RequestStore(tables, table),
        Agenda(tables, table, "parcels"),
        library.uploads,
        library.jobs_queue,
        library.audit,
        library.cursors,
        library.accounts.may_write,
        library.new_id,
    )


def senders(library: "Library") -> Senders:
    """Build what those use who send files by a request's link."""
    return Senders(library.inbox, library.limits, library.new_id)
