"""Commands for who runs the library: `python -m infra.admin COMMAND`, under an identity that may do what they need.

    ensure --email you@example.org    open an admin account, unless there is an account with this address
    reset --email you@example.org     make the account an active admin with a new password, its sessions ended
    rotate-keys                       sign from now on with a new key; tokens of the former ones live out their time

Each prints what it did as one line of JSON. Passwords are generated, printed this once and stored nowhere.
"""

import argparse
import json
import secrets

from chalicelib.accounts.models import EmailTaken
from chalicelib.accounts.tokens import rotated
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


def reset(library: Library, email: str) -> dict[str, str | bool]:
    """Give an account back to its admin, or open one, whatever became of it; ends all its sessions."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    if library.administration.rescue(email, password, Origin(agent="infra.admin")):
        return {"reset": True, "email": email, "password": password}
    return {"reset": False, **ensure(library, email)}


def rotate_keys(library: Library) -> dict[str, str | list[str]]:
    """Make a new signing key current; running it again soon is no harm."""
    keys = rotated(library.keys.newer(), library.files.clock())
    library.keys.put(keys)
    return {"current": keys["current"], "accepted": sorted(set(keys) - {"current"})}


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.admin", description="Commands for who runs the library."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {"ensure": "make the first admin", "reset": "make an account an admin with a new password"}
    for name, text in helps.items():
        commands.add_parser(name, help=text).add_argument("--email", required=True)
    commands.add_parser("rotate-keys", help="sign access tokens with a new key")
    options = parser.parse_args()
    if options.command == "rotate-keys":
        print(json.dumps(rotate_keys(library())))
    else:
        act = ensure if options.command == "ensure" else reset
        print(json.dumps(act(library(), options.email)))


if __name__ == "__main__":
    main()
