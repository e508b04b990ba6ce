"""Mails with tokens, sent by the jobs function.

The API only says that a mail is wanted, and says so for any address: it takes the same steps whether an account
exists or not, and the token comes into being here, so that no queue ever holds it.
"""

from dataclasses import dataclass

from chalicelib.accounts import mails
from chalicelib.accounts.models import Account
from chalicelib.accounts.store import AccountStore
from chalicelib.accounts.token_store import MailedTokenStore, Purpose
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.aws.mail import Mail, Message
from chalicelib.aws.table import Tables
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId


@dataclass(frozen=True)
class Mailing:
    """Sends what was asked for, if there is somebody to send it to. Repeated, it sends another mail."""

    tables: Tables
    store: AccountStore
    tokens: MailedTokenStore
    mail: Mail
    base_url: str
    clock: Clock
    new_id: NewId

    def send_verification(self, user_id: str) -> None:
        """Ask an account's address for confirmation, unless it was given."""
        account = self.store.get(user_id)
        if account and account.active and not account.email_verified:
            self._send(account, mails.verification(self.base_url, self._token(Purpose.VERIFY, account)))

    def send_reset(self, email: str) -> None:
        """Send the way to a new password, if an account that can be used has the address."""
        account = self.store.find(email)
        if account and account.active:
            self._send(account, mails.reset(self.base_url, self._token(Purpose.RESET, account)))

    def _token(self, purpose: Purpose, account: Account) -> str:
        token = OpaqueToken.new(account.id, self.new_id())
        self.tables.commit([self.tokens.put(purpose, account, token, self.clock())])
        return str(token)

    def _send(self, account: Account, message: Message) -> None:
        self.mail.send(account.email, message)
