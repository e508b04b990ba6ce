"""Sessions live in any order of events: never is a token usable that should not be, nor refused that should be good."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.accounts.models import Account, AccountDisabled, CredentialsWrong, Status, TokenInvalid
from chalicelib.accounts.token_store import Purpose
from chalicelib.accounts.tokens import OpaqueToken
from chalicelib.core.caller import Caller, Origin, Role, Scope
from chalicelib.core.errors import LibraryError
from chalicelib.core.ids import new_id
from chalicelib.wiring import Library
from tests.conftest import new_caller

ORIGIN = Origin("203.0.113.7", "pytest", "request-1")
ADMIN = new_caller(Role.ADMIN)


@dataclass
class Model:
    """A session as it should be."""

    refresh: str
    access: str
    role: Role
    live: bool = True
    used: list[str] = field(default_factory=list)


def machine_of(library: Library) -> type[RuleBasedStateMachine]:  # noqa: C901 - its rules count as one function
    """Return the machine on a library; Hypothesis makes its instances."""

    class Machine(RuleBasedStateMachine):
        sessions = Bundle("sessions")

        def __init__(self) -> None:
            super().__init__()
            self.known: list[Model] = []
            self.password = "correct horse battery"
            self.role = Role.OPERATOR
            self.disabled = False

        @initialize()
        def open(self) -> None:
            email = f"ana-{new_id()}@example.org"
            self.account = library.accounts.open(email, self.password, None, ORIGIN, role=self.role)
            caller = Caller(self.account.id, self.role, "", ORIGIN)
            _, self.key = library.api_keys.make(caller, "backup", {Scope.READ}, None)

        def present(self) -> Account:
            found = library.accounts.store.get(self.account.id)
            assert found
            return found

        def caller(self, model: Model) -> Caller:
            return library.sessions.access_tokens.read(model.access, ORIGIN)

        def end_all(self, kept: Model | None = None) -> None:
            for model in self.known:
                model.live = model.live and model is kept

        @rule(target=sessions)
        def log_in(self) -> Any:
            try:
                pair = library.sessions.log_in(self.account.email, self.password, ORIGIN)
            except AccountDisabled:
                assert self.disabled
                return multiple()
            assert not self.disabled
            model = Model(pair.refresh_token, pair.access_token, self.role)
            self.known.append(model)
            return model

        @rule(wrong=st.sampled_from(["not the password", "correct horse"]))
        def guess(self, wrong: str) -> None:
            with pytest.raises(CredentialsWrong):
                library.sessions.log_in(self.account.email, wrong, Origin(f"thief-{new_id()}"))

        @rule(model=sessions)
        def refresh(self, model: Model) -> None:
            good = model.live and not self.disabled
            try:
                pair = library.sessions.refresh(model.refresh, ORIGIN)
            except (TokenInvalid, AccountDisabled):
                assert not good
                return
            assert good
            model.used.append(model.refresh)
            model.refresh, model.access, model.role = pair.refresh_token, pair.access_token, self.role

        @rule(model=sessions)
        @precondition(lambda self: any(model.used for model in self.known))
        def reuse(self, model: Model) -> None:
            if not model.used:
                return
            with pytest.raises(TokenInvalid):
                library.sessions.refresh(model.used[-1], ORIGIN)
            model.live = False

        @rule(model=sessions)
        def log_out(self, model: Model) -> None:
            library.sessions.log_out(self.caller(model))
            model.live = False

        @rule(model=sessions)
        def log_out_everywhere(self, model: Model) -> None:
            library.sessions.log_out_everywhere(self.caller(model))
            self.end_all()

        @rule(model=sessions)
        @precondition(lambda self: not self.disabled)
        def change_password(self, model: Model) -> None:
            if not model.live:
                return
            new = f"staple {new_id()}"
            library.accounts.change_password(self.caller(model), self.password, new)
            self.password = new
            self.end_all(kept=model)

        @rule()
        @precondition(lambda self: not self.disabled)
        def reset(self) -> None:
            account, token = self.present(), OpaqueToken.new(self.account.id, new_id())
            tokens = library.accounts.tokens
            library.tables.commit([tokens.put(Purpose.RESET, account, token, library.accounts.clock())])
            self.password = f"staple {new_id()}"
            library.accounts.confirm_reset(str(token), self.password, ORIGIN)
            self.end_all()

        @rule(role=st.sampled_from([Role.OPERATOR, Role.VIEWER]))
        def give_role(self, role: Role) -> None:
            library.administration.change(ADMIN, self.account.id, {"role": role}, None)
            self.role = role

        @rule(disabled=st.booleans())
        def disable(self, disabled: bool) -> None:  # noqa: FBT001 - Hypothesis gives it by name
            status = Status.DISABLED if disabled else Status.ACTIVE
            library.administration.change(ADMIN, self.account.id, {"status": status}, None)
            if disabled:
                self.end_all()
            self.disabled = disabled

        @invariant()
        def just_the_live_sessions_may_write(self) -> None:
            for model in self.known:
                good = model.live and model.role is self.role
                caller = self.caller(model)
                assert refused(lambda caller=caller: library.sessions.require_live(caller)) is not good
                check = library.sessions.live(caller)
                assert refused(lambda check=check: library.tables.commit([check])) is not good

        @invariant()
        def the_key_follows_the_account(self) -> None:
            if hasattr(self, "key"):
                assert refused(lambda: library.api_keys.read(self.key, ORIGIN)) is self.disabled

        @invariant()
        def just_the_live_sessions_are_listed(self) -> None:
            if hasattr(self, "key"):
                listed = library.sessions.list(Caller(self.account.id, self.role, "", ORIGIN))
                assert len(listed) == sum(model.live for model in self.known)

    return Machine


def refused(ask: Any) -> bool:
    try:
        ask()
    except LibraryError:
        return True
    return False


def test_no_order_of_events_leaves_a_usable_token_that_should_not_be(library: Library) -> None:
    few = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    policies = {name: replace(policy, quota=1_000_000) for name, policy in library.limits.policies.items()}
    library.limits.policies.update(policies)  # type: ignore[attr-defined] # a dict, and this library is ours alone
    run_state_machine_as_test(machine_of(library), settings=few)
