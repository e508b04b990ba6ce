"""Builds what has to do with accounts."""

from typing import TYPE_CHECKING

from chalicelib.accounts.administration import Administration
from chalicelib.accounts.belongings_store import BelongingsStore
from chalicelib.accounts.deletion import Deletion
from chalicelib.accounts.mailing import Mailing
from chalicelib.accounts.passwords import Passwords
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.session_store import SessionStore
from chalicelib.accounts.sessions import MARK_LIFE, Sessions
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.token_store import MailedTokenStore
from chalicelib.aws.agenda import Agenda
from chalicelib.aws.mail import Mail

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def passwords(library: "Library") -> Passwords:
    """Build what hashes and checks passwords."""
    return Passwords(library.settings.argon2_memory_kib)


def accounts(library: "Library") -> Accounts:
    """Build what opens and changes accounts."""
    settings, tables = library.settings, library.tables
    return Accounts(
        tables=tables,
        store=AccountStore(tables, settings.users_table),
        sessions=SessionStore(tables, settings.users_table, MARK_LIFE),
        tokens=MailedTokenStore(settings.users_table),
        audit=library.audit,
        passwords=library.passwords,
        limits=library.limits,
        jobs=library.jobs_queue,
        clock=library.clock,
        new_id=library.new_id,
        default_role=settings.default_role,
        registration_open=settings.registration_open,
    )


def sessions(library: "Library") -> Sessions:
    """Build what signs people in and out."""
    accounts = library.accounts
    return Sessions(
        tables=library.tables,
        accounts=accounts.store,
        store=accounts.sessions,
        audit=library.audit,
        passwords=library.passwords,
        limits=library.limits,
        access_tokens=library.access_tokens,
        clock=library.clock,
        new_id=library.new_id,
        jobs=library.jobs_queue,
        verified_only=library.settings.require_verified_email,
    )


def mailing(library: "Library") -> Mailing:
    """Build what writes to people."""
    mail, accounts = Mail(lambda: library.clients.ses, library.settings.mail_from), library.accounts
    who = (library.tables, accounts.store, accounts.tokens)
    return Mailing(*who, mail, library.settings.base_url, library.clock, library.new_id)


def administration(library: "Library") -> Administration:
    """Build what admins do with accounts."""
    accounts = library.accounts
    return Administration(
        accounts, library.sessions, accounts.store, library.cursors, library.quotas.limit_to
    )


def deletion(library: "Library") -> Deletion:
    """Build what closes accounts; `erasure` then erases what they had."""
    accounts, settings = library.accounts, library.settings
    agenda = Agenda(library.tables, settings.files_table, "erasures")
    belongings = BelongingsStore(library.tables, settings.users_table)
    return Deletion(accounts, library.sessions, accounts.store, belongings, agenda)
