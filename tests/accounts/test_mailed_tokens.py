"""Verification and reset, through the real mail."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.accounts import mails
from chalicelib.accounts.models import (
    Account,
    CredentialsWrong,
    MailedTokenInvalid,
    Status,
    TokenInvalid,
    WeakPassword,
)
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.core.caller import Origin
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from infra.local.embedded_aws.process import EmbeddedAws
from tests.conftest import FakeClock
from tests.mailbox import mails_to, token_in

PASSWORD = "correct horse battery"
NEW = "staple correct horse"
ORIGIN = Origin("203.0.113.7", "pytest", "request-1")


@pytest.fixture
def account(library: Library) -> Account:
    return library.accounts.register(f"ana-{new_id()}@example.org", PASSWORD, "Ana", ORIGIN)


@pytest.fixture
def reset(library: Library, aws: EmbeddedAws, account: Account) -> str:
    library.mailing.send_reset(account.email)
    return token_in(mails_to(aws, account.email)[-1])


def test_a_mail_comes_from_the_library_in_two_forms_with_a_link(
    library: Library, aws: EmbeddedAws, account: Account
) -> None:
    library.mailing.send_verification(account.id)
    (mail,) = mails_to(aws, account.email)
    assert mail["Subject"] == "Confirm your e-mail address"
    assert mail["Source"] == library.settings.mail_from
    assert f"{library.settings.base_url}/account/verify-email#" in mail["BodyText"]
    assert mail["BodyHtml"].startswith("<!doctype html>")


def test_a_verified_address_is_shown_and_verified_once(
    library: Library, aws: EmbeddedAws, account: Account
) -> None:
    library.mailing.send_verification(account.id)
    token = token_in(mails_to(aws, account.email)[-1])
    library.accounts.verify_email(token, ORIGIN)
    found = library.accounts.store.get(account.id)
    assert found
    assert found.email_verified
    with pytest.raises(MailedTokenInvalid):
        library.accounts.verify_email(token, ORIGIN)
    library.mailing.send_verification(account.id)
    assert len(mails_to(aws, account.email)) == 1


def test_a_reset_changes_the_password_and_ends_every_session(
    library: Library, account: Account, reset: str
) -> None:
    pair = library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    library.accounts.confirm_reset(reset, NEW, ORIGIN)
    with pytest.raises(TokenInvalid):
        library.sessions.refresh(pair.refresh_token, ORIGIN)
    with pytest.raises(CredentialsWrong):
        library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    assert library.sessions.log_in(account.email, NEW, ORIGIN)


def test_a_reset_token_works_once(library: Library, reset: str) -> None:
    library.accounts.confirm_reset(reset, NEW, ORIGIN)
    with pytest.raises(MailedTokenInvalid):
        library.accounts.confirm_reset(reset, PASSWORD, ORIGIN)


def test_a_reset_token_works_for_thirty_minutes(library: Library, reset: str, clock: FakeClock) -> None:
    clock.advance(timedelta(minutes=30))
    with pytest.raises(MailedTokenInvalid):
        library.accounts.confirm_reset(reset, NEW, ORIGIN)
    clock.advance(timedelta(seconds=-1))
    library.accounts.confirm_reset(reset, NEW, ORIGIN)


def test_a_used_token_takes_the_other_ones_with_it(
    library: Library, aws: EmbeddedAws, account: Account, reset: str
) -> None:
    library.mailing.send_reset(account.email)
    newer = token_in(mails_to(aws, account.email)[-1])
    assert newer != reset
    library.accounts.confirm_reset(newer, NEW, ORIGIN)
    with pytest.raises(MailedTokenInvalid):
        library.accounts.confirm_reset(reset, PASSWORD, ORIGIN)


def test_a_weak_password_does_not_use_the_token_up(library: Library, reset: str) -> None:
    with pytest.raises(WeakPassword):
        library.accounts.confirm_reset(reset, "short", ORIGIN)
    library.accounts.confirm_reset(reset, NEW, ORIGIN)


def test_a_token_for_another_purpose_or_made_up_is_refused(
    library: Library, aws: EmbeddedAws, account: Account, reset: str
) -> None:
    other = OpaqueToken.parse(reset)
    for token in (
        "nonsense",
        str(replace(other, secret="x" * 43)),
        str(replace(other, id=new_id())),
        str(replace(other, user_id=new_id())),
    ):
        with pytest.raises(MailedTokenInvalid):
            library.accounts.confirm_reset(token, NEW, ORIGIN)
    with pytest.raises(MailedTokenInvalid):
        library.accounts.verify_email(reset, ORIGIN)
    assert len(mails_to(aws, account.email)) == 1


def test_a_disabled_account_gets_no_mail_and_uses_no_token(
    library: Library, aws: EmbeddedAws, account: Account, reset: str
) -> None:
    disabled = replace(account, status=Status.DISABLED, version=2)
    library.tables.commit(library.accounts.store.put_if(account, disabled))
    library.mailing.send_reset(account.email)
    library.mailing.send_verification(account.id)
    assert len(mails_to(aws, account.email)) == 1
    with pytest.raises(MailedTokenInvalid):
        library.accounts.confirm_reset(reset, NEW, ORIGIN)


def test_nobody_is_written_to_at_an_unknown_address(library: Library, aws: EmbeddedAws) -> None:
    before = len(aws.sent_mail())
    library.mailing.send_reset(f"nobody-{new_id()}@example.org")
    assert len(aws.sent_mail()) == before


@pytest.mark.parametrize("write", [mails.verification, mails.reset])
def test_what_stands_in_a_link_cannot_break_out_of_it(write: Any) -> None:
    mail = write("https://library.example", '"><script>x</script>')
    assert "<script>" not in mail.html
    assert "<script>" not in mail.text
