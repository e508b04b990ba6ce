"""Who is let in: from the token in the header to the caller of a request.

Reads with an access token cost no AWS call; an API key costs the one that reads it. Writes of a session carry a
check of its revocation in their transactions (`aws/guard.py`); calls of admins ask for it beforehand.
"""

from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from chalicelib.api.request import Call, bearer_token
from chalicelib.aws.guard import guarded
from chalicelib.core.caller import API_KEY_PREFIX, Caller, Origin, Role, Scope
from chalicelib.core.errors import Forbidden
from chalicelib.core.log import log
from chalicelib.wiring import Library


class ScopeMissing(Forbidden):
    """The API key that was sent may not be used for this."""

    code = "scope_missing"


def admit(call: Call, roles: AbstractSet[Role], scope: Scope | None, *, live: bool) -> Call:
    """Return the call with its caller, if the caller has one of the roles and, for an API key, the scope.

    `live` asks whether a session has been revoked. Raises Unauthenticated, TokenInvalid, Forbidden, ScopeMissing.
    """
    token = bearer_token(call.request)
    call = replace(call, signed_in=_caller(call.library, token, call.origin) if token else None)
    caller = call.caller
    log.thread_safe_append_keys(user_id=caller.user_id)
    if caller.role not in roles:
        raise Forbidden(f"Your role ({caller.role.value}) may not do this.", role=caller.role.value)
    if caller.scopes is not None and scope not in caller.scopes:
        needs = f"This needs an API key with the scope {scope.value}." if scope else "No API key may do this."
        raise ScopeMissing(needs, scope=scope.value if scope else None)
    if live and caller.scopes is None:
        call.library.sessions.require_live(caller)
    return call


def guard(call: Call) -> AbstractContextManager[None]:
    """Let the writes of a session honour its revocation at once; an API key has just been read."""
    caller = call.signed_in
    if caller is None or caller.scopes is not None:
        return nullcontext()
    return guarded(lambda: call.library.sessions.live(caller))


def _caller(library: Library, token: str, origin: Origin) -> Caller:
    if token.startswith(API_KEY_PREFIX):
        return library.api_keys.read(token, origin)
    return library.access_tokens.read(token, origin)
