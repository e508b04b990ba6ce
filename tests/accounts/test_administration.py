import threading
from dataclasses import replace

import pytest

from chalicelib.accounts.administration import Administration, Filter
from chalicelib.accounts.models import (
    Account,
    AccountBusy,
    AccountChanged,
    AccountDisabled,
    AccountNotFound,
    LastAdmin,
    Status,
    TokenInvalid,
)
from chalicelib.audit.models import Wanted
from chalicelib.aws.clients import Clients
from chalicelib.aws.table import Put, Update
from chalicelib.core.caller import Caller, Origin, Role, Scope
from chalicelib.core.ids import new_id
from chalicelib.quotas.models import QuotaExceeded
from chalicelib.settings import Settings
from chalicelib.wiring import Library, build
from tests.conftest import FakeClock, a_request, new_caller

PASSWORD = "correct horse battery"
ORIGIN = Origin("203.0.113.7", "pytest", "request-1")
ADMIN = new_caller(Role.ADMIN)


@pytest.fixture
def administration(library: Library) -> Administration:
    return library.administration


def opened(library: Library, role: Role = Role.OPERATOR, name: str = "Ana") -> Account:
    return library.accounts.open(f"{name}-{new_id()}@example.org", PASSWORD, name, ORIGIN, role=role)


@pytest.fixture
def account(library: Library) -> Account:
    return opened(library)


def test_a_role_that_changes_holds_at_once_and_the_session_goes_on_with_it(
    library: Library, administration: Administration, account: Account
) -> None:
    pair = library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    before = library.sessions.access_tokens.read(pair.access_token, ORIGIN)
    administration.change(ADMIN, account.id, {"role": Role.VIEWER}, None)
    with pytest.raises(TokenInvalid):
        library.sessions.require_live(before)
    pair = library.sessions.refresh(pair.refresh_token, ORIGIN)
    after = library.sessions.access_tokens.read(pair.access_token, ORIGIN)
    library.sessions.require_live(after)
    assert after.role is Role.VIEWER


def test_a_disabled_account_is_blocked_at_once_and_loses_nothing(
    library: Library, administration: Administration, account: Account
) -> None:
    pair = library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    caller = library.sessions.access_tokens.read(pair.access_token, ORIGIN)
    _, key = library.api_keys.make(caller, "backup", {Scope.READ}, None)
    administration.change(ADMIN, account.id, {"status": Status.DISABLED}, None)
    with pytest.raises(TokenInvalid):
        library.sessions.require_live(caller)
    with pytest.raises(TokenInvalid):
        library.api_keys.read(key, ORIGIN)
    with pytest.raises(AccountDisabled):
        library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    with pytest.raises(TokenInvalid):
        library.sessions.refresh(pair.refresh_token, ORIGIN)
    administration.change(ADMIN, account.id, {"status": Status.ACTIVE}, None)
    assert library.sessions.log_in(account.email, PASSWORD, ORIGIN)
    assert library.api_keys.read(key, ORIGIN).user_id == account.id
    with pytest.raises(TokenInvalid):
        library.sessions.refresh(pair.refresh_token, ORIGIN)


def test_a_change_is_logged_with_who_and_before_and_after(
    library: Library, administration: Administration, account: Account
) -> None:
    administration.change(ADMIN, account.id, {"role": Role.VIEWER, "quota": 5}, None)
    entry = library.audit.of_library(account.id, Wanted(), limit=1, cursor=None).items[0]
    assert (entry.action, entry.actor, entry.address) == (
        "account.administered",
        ADMIN.user_id,
        ADMIN.origin.address,
    )
    assert entry.details == {
        "role": {"before": "operator", "after": "viewer"},
        "quota": {"before": None, "after": 5},
    }


def test_a_change_of_another_version_or_of_nobody_is_refused(
    administration: Administration, account: Account
) -> None:
    with pytest.raises(AccountChanged):
        administration.change(ADMIN, account.id, {"quota": 5}, 7)
    with pytest.raises(AccountNotFound):
        administration.change(ADMIN, new_id(), {"quota": 5}, None)
    assert administration.change(ADMIN, account.id, {"role": account.role}, None) == account


def only_admin(library: Library) -> Account:
    """Return an admin, with the count of admins set to one: the others of these tests do not count."""
    admin = opened(library, Role.ADMIN)
    library.tables.commit([Put(library.settings.users_table, {"pk": "admins", "sk": "admins", "n": 1})])
    return admin


def test_the_last_admin_is_neither_demoted_nor_disabled_nor_deleted(
    library: Library, administration: Administration
) -> None:
    admin = only_admin(library)
    caller = Caller(admin.id, Role.ADMIN, new_id(), ORIGIN)
    for change in ({"role": Role.OPERATOR}, {"status": Status.DISABLED}):
        with pytest.raises(LastAdmin):
            administration.change(caller, admin.id, change, None)
    with pytest.raises(LastAdmin):
        library.deletion.by_admin(caller, admin.id, None)
    with pytest.raises(LastAdmin):
        library.deletion.of_oneself(caller, PASSWORD)
    assert administration.get(admin.id) == admin


def test_of_two_admins_who_demote_each_other_at_once_one_stays(
    library: Library, administration: Administration
) -> None:
    admins = [only_admin(library), opened(library, Role.ADMIN)]
    outcomes: list[bool] = []

    def demote(other: Account) -> None:
        try:
            administration.change(ADMIN, other.id, {"role": Role.VIEWER}, None)
            outcomes.append(True)
        except LastAdmin:
            outcomes.append(False)

    threads = [threading.Thread(target=demote, args=(admin,)) for admin in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, True]
    table = library.settings.users_table
    library.tables.commit([Update(table, {"pk": "admins", "sk": "admins"}, add={"n": 100})])


def test_accounts_are_found_by_role_status_and_words_page_by_page(
    library: Library, administration: Administration
) -> None:
    mark = f"zoe{new_id()}"
    made = [opened(library, Role.VIEWER, mark) for _ in range(5)] + [opened(library, Role.OPERATOR, mark)]
    administration.change(ADMIN, made[0].id, {"status": Status.DISABLED}, None)
    wanted = Filter(Role.VIEWER, Status.ACTIVE, mark.upper())
    found: list[str] = []
    cursor = None
    while True:
        page = administration.page(wanted, limit=2, cursor=cursor)
        found += [one.id for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [account.id for account in made[1:5]]


def test_the_census_counts_every_change(library: Library, administration: Administration) -> None:
    before = administration.census()

    def gained() -> dict[str, int]:
        after = administration.census()
        names = set(before) | set(after)
        return {
            name: after.get(name, 0) - before.get(name, 0)
            for name in names
            if after.get(name, 0) != before.get(name, 0)
        }

    account = opened(library)
    assert gained() == {"active#operator": 1}
    administration.change(ADMIN, account.id, {"role": Role.VIEWER}, None)
    assert gained() == {"active#viewer": 1}
    administration.change(ADMIN, account.id, {"status": Status.DISABLED}, None)
    assert gained() == {"disabled#viewer": 1}


def test_an_account_that_is_being_deleted_is_not_changed(
    library: Library, administration: Administration, account: Account
) -> None:
    library.deletion.by_admin(ADMIN, account.id, None)
    with pytest.raises(AccountBusy):
        administration.change(ADMIN, account.id, {"status": Status.ACTIVE}, None)


def test_a_quota_of_ones_own_holds_until_it_is_taken_back(
    library: Library, administration: Administration, account: Account
) -> None:
    owner = Caller(account.id, account.role, new_id(), ORIGIN)
    library.uploads.begin(owner, a_request("a.txt", b"1234567890"))
    administration.change(ADMIN, account.id, {"quota": 15}, None)
    standing = library.blobs.quotas.standing(account.id)
    assert (standing.used, standing.limit) == (10, 15)
    with pytest.raises(QuotaExceeded):
        library.uploads.begin(owner, a_request("b.txt", b"123456"))
    library.uploads.begin(owner, a_request("b.txt", b"12345"))
    administration.change(ADMIN, account.id, {"quota": 5}, None)
    with pytest.raises(QuotaExceeded):
        library.uploads.begin(owner, a_request("c.txt", b"1"))
    administration.change(ADMIN, account.id, {"quota": library.settings.quota_bytes * 2}, None)
    library.uploads.begin(owner, a_request("c.txt", b"1"))
    administration.change(ADMIN, account.id, {"quota": None}, None)
    standing = library.blobs.quotas.standing(account.id)
    assert (standing.used, standing.limit) == (16, library.settings.quota_bytes)


def test_a_quota_may_exceed_the_common_one(settings: Settings, clients: Clients, clock: FakeClock) -> None:
    library = build(replace(settings, quota_bytes=5), clients, clock)
    account = opened(library)
    owner = Caller(account.id, account.role, new_id(), ORIGIN)
    with pytest.raises(QuotaExceeded):
        library.uploads.begin(owner, a_request("a.txt", b"1234567890"))
    library.administration.change(ADMIN, account.id, {"quota": 10}, None)
    library.uploads.begin(owner, a_request("a.txt", b"1234567890"))
    with pytest.raises(QuotaExceeded):
        library.uploads.begin(owner, a_request("b.txt", b"1"))
