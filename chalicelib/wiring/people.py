"""Builds what has to do with accounts."""

from typing import NamedTuple

from chalicelib.accounts.administration import Administration
from chalicelib.accounts.belongings_store import BelongingsStore
from chalicelib.accounts.deletion import Deletion
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
from chalicelib.aws.clients import Clients
from chalicelib.aws.mail import Mail
from chalicelib.aws.queue import Queue
from chalicelib.aws.secrets import CachedSecret
from chalicelib.limits.service import Limits
from chalicelib.quotas.service import Quotas
from chalicelib.settings import Settings


class People(NamedTuple):
    """What has to do with accounts."""

    accounts: Accounts
    sessions: Sessions
    api_keys: ApiKeys
    mailing: Mailing
    administration: Administration
    deletion: Deletion


def build_people(
    settings: Settings, clients: Clients, audit: Audit, limits: Limits, keys: CachedSecret, quotas: Quotas
) -> People:
    """Build everything around accounts."""
    tables, clock, new_id = limits.store.tables, limits.clock, audit.new_id
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
        access_tokens=AccessTokens(keys, clock, keys.newer),
        clock=clock,
        new_id=new_id,
        jobs=accounts.jobs,
        verified_only=settings.require_verified_email,
    )
    return _with_others(settings, clients, accounts, sessions, quotas)


def _with_others(
    settings: Settings, clients: Clients, accounts: Accounts, sessions: Sessions, quotas: Quotas
) -> People:
    tables, store, clock, new_id = accounts.tables, accounts.store, accounts.clock, accounts.new_id
    table, cursors = settings.users_table, accounts.audit.cursors
    agenda = Agenda(tables, settings.files_table, "erasures")
    mail = Mail(lambda: clients.ses, settings.mail_from)
    return People(
        accounts=accounts,
        sessions=sessions,
        api_keys=ApiKeys(tables, KeyStore(tables, table), accounts.audit, clock, new_id),
        mailing=Mailing(tables, store, accounts.tokens, mail, settings.base_url, clock, new_id),
        administration=Administration(accounts, sessions, store, cursors, quotas.limit_to),
        deletion=Deletion(accounts, sessions, store, BelongingsStore(tables, table), agenda),
    )
