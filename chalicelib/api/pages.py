"""The pages that mails link to: they take the token from behind the link's `#` and send it to the API."""

from pathlib import Path

from chalicelib.api.endpoint import Answer, Routes, Who
from chalicelib.api.request import Call
from chalicelib.core.errors import NotFound

route = Routes("Accounts")

HERE = Path(__file__).parent
PAGES = {"verify-email", "password-reset"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)


@route(
    "GET /account/{page}",
    who=Who.ANYONE,
    content_type="text/html; charset=utf-8",
    other_types=("text/javascript",),
    summary="The pages that mails link to",
)
def account_page(call: Call, page: str) -> Answer:  # noqa: ARG001 - every view gets the call
    if page == "account.js":
        return Answer((HERE / page).read_text(), headers={"Content-Type": "text/javascript"})
    if page not in PAGES:
        raise NotFound("There is no such page.")
    headers = {"Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
    return Answer((HERE / "account.html").read_text(), headers=headers)
