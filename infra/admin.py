"""Commands for who runs the library: `python -m infra.admin ensure --email you@example.org`.

`ensure` opens an admin account with a generated password if no account has the address, and prints what it did as
one line of JSON. The password is printed this once and stored nowhere.
"""

import argparse
import json
import secrets

from chalicelib.accounts.models import EmailTaken
from chalicelib.core.caller import Origin, Role
from chalicelib.wiring import Library, library

PASSWORD_BYTES = 15  # 20 characters, 120 bits


def ensure(library: Library, email: str) -> dict[str, str | bool]:
    """Open the account unless it exists; running it twice, or twice at once, makes one account."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        if not library.accounts.exists(email):
            library.accounts.open(
                email, password, "Administrator", Origin(agent="infra.admin"), role=Role.ADMIN
            )
            return {"created": True, "email": email, "password": password}
    except EmailTaken:
        pass  # another process was quicker
    return {"created": False, "email": email}


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.admin", description="Commands for who runs the library."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "ensure", help="make the first admin, unless there is one with this address"
    )
    command.add_argument("--email", required=True)
    options = parser.parse_args()
    print(json.dumps(ensure(library(), options.email)))


if __name__ == "__main__":
    main()
