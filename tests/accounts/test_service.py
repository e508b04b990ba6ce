import threading
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest

from chalicelib.accounts.models import (
    Account,
    AccountDisabled,
    CredentialsWrong,
    EmailTaken,
    Status,
    TokenInvalid,
)
from chalicelib.accounts.service import Accounts
from chalicelib.accounts.sessions import SESSION_LIFE, Sessions
from chalicelib.core.caller import Origin, Role
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from tests.conftest import FakeClock

PASSWORD = "correct horse battery"
ORIGIN = Origin("203.0.113.7", "pytest", "request-1")


@pytest.fixture
def accounts(library: Library) -> Accounts:
    return library.accounts


@pytest.fixture
def sessions(library: Library) -> Sessions:
    return library.sessions


@pytest.fixture
def email() -> str:
    return f"ana-{new_id()}@example.org"


@pytest.fixture
def account(accounts: Accounts, email: str) -> Account:
    return accounts.register(email, PASSWORD, "Ana", ORIGIN)


def test_a_new_account_has_the_default_role(accounts: Accounts, account: Account) -> None:
    assert account.role is Role.OPERATOR
    assert accounts.store.get(account.id) == account


def test_an_address_has_one_account_whatever_its_capitals(accounts: Accounts, account: Account) -> None:
    with pytest.raises(EmailTaken):
        accounts.register(account.email.upper(), PASSWORD, None, ORIGIN)


def test_of_parallel_registrations_of_one_address_one_succeeds(accounts: Accounts, email: str) -> None:
    outcomes: list[str] = []

    def register() -> None:
        try:
            accounts.register(email, PASSWORD, None, ORIGIN)
            outcomes.append("made")
        except EmailTaken:
            outcomes.append("taken")

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", *["taken"] * 5]


def test_signing_in_gives_a_token_of_the_account(
    accounts: Accounts, sessions: Sessions, account: Account
) -> None:
    pair = sessions.log_in(account.email.upper(), PASSWORD, ORIGIN)
    caller = sessions.access_tokens.read(pair.access_token, ORIGIN)
    assert caller.user_id == account.id
    assert accounts.me(caller) == account
    assert pair.expires_in == 900


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    sessions: Sessions, account: Account
) -> None:
    with pytest.raises(CredentialsWrong) as wrong:
        sessions.log_in(account.email, PASSWORD + "!", ORIGIN)
    with pytest.raises(CredentialsWrong) as unknown:
        sessions.log_in(f"x{account.email}", PASSWORD, ORIGIN)
    assert vars(wrong.value) == vars(unknown.value)


def test_a_disabled_account_can_neither_sign_in_nor_refresh(
    accounts: Accounts, sessions: Sessions, account: Account
) -> None:
    pair = sessions.log_in(account.email, PASSWORD, ORIGIN)
    disabled = replace(account, status=Status.DISABLED, version=2)
    accounts.tables.commit(accounts.store.put_if(account, disabled))
    with pytest.raises(AccountDisabled):
        sessions.log_in(account.email, PASSWORD, ORIGIN)
    with pytest.raises(AccountDisabled):
        sessions.refresh(pair.refresh_token, ORIGIN)


def test_refreshing_gives_a_new_pair(sessions: Sessions, account: Account) -> None:
    first = sessions.log_in(account.email, PASSWORD, ORIGIN)
    second = sessions.refresh(first.refresh_token, ORIGIN)
    third = sessions.refresh(second.refresh_token, ORIGIN)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert sessions.access_tokens.read(third.access_token, ORIGIN).user_id == account.id


def test_a_reused_refresh_token_ends_the_session(sessions: Sessions, account: Account) -> None:
    first = sessions.log_in(account.email, PASSWORD, ORIGIN)
    second = sessions.refresh(first.refresh_token, ORIGIN)
    for token in (first, second):
        with pytest.raises(TokenInvalid):
            sessions.refresh(token.refresh_token, ORIGIN)


def test_of_parallel_refreshes_with_one_token_at_most_one_succeeds(
    sessions: Sessions, account: Account
) -> None:
    pair = sessions.log_in(account.email, PASSWORD, ORIGIN)
    outcomes: list[bool] = []

    def refresh() -> None:
        try:
            sessions.refresh(pair.refresh_token, ORIGIN)
            outcomes.append(True)
        except TokenInvalid:
            outcomes.append(False)

    threads = [threading.Thread(target=refresh) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(True) == 1


def test_another_session_is_not_touched_by_a_reuse(sessions: Sessions, account: Account) -> None:
    stolen = sessions.log_in(account.email, PASSWORD, ORIGIN)
    other = sessions.log_in(account.email, PASSWORD, ORIGIN)
    sessions.refresh(stolen.refresh_token, ORIGIN)
    with pytest.raises(TokenInvalid):
        sessions.refresh(stolen.refresh_token, ORIGIN)
    assert sessions.refresh(other.refresh_token, ORIGIN)


def test_a_session_ends_after_thirty_days(sessions: Sessions, account: Account, clock: FakeClock) -> None:
    pair = sessions.log_in(account.email, PASSWORD, ORIGIN)
    clock.advance(SESSION_LIFE - timedelta(seconds=1))
    pair = sessions.refresh(pair.refresh_token, ORIGIN)
    clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenInvalid):
        sessions.refresh(pair.refresh_token, ORIGIN)


def test_signing_out_ends_the_session(sessions: Sessions, account: Account) -> None:
    pair = sessions.log_in(account.email, PASSWORD, ORIGIN)
    sessions.log_out(sessions.access_tokens.read(pair.access_token, ORIGIN))
    with pytest.raises(TokenInvalid):
        sessions.refresh(pair.refresh_token, ORIGIN)


@pytest.mark.parametrize("token", ["x.y.z", "user.session.secret"])
def test_a_made_up_refresh_token_is_refused(sessions: Sessions, token: str) -> None:
    with pytest.raises(TokenInvalid):
        sessions.refresh(token, ORIGIN)


def test_what_happened_is_in_the_activity_log(library: Library, account: Account) -> None:
    pair = library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    library.sessions.log_out(library.sessions.access_tokens.read(pair.access_token, ORIGIN))
    answer = boto3.client("dynamodb").query(
        TableName=library.settings.activity_table,
        KeyConditionExpression="pk = :user",
        ExpressionAttributeValues={":user": {"S": f"user#{account.id}"}},
    )
    actions = [item["action"]["S"] for item in answer["Items"]]
    assert actions == ["account.opened", "session.started", "session.ended"]
    assert all(item["address"]["S"] == ORIGIN.address for item in answer["Items"])
    assert PASSWORD not in str(answer["Items"])
