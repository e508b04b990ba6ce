"""The command line: what there is to say, and what each thing does."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import requests

from mediatheque_client import library, upload
from mediatheque_client.api import Api, NotSignedIn, Refused, Unreachable
from mediatheque_client.memory import sign_ins
from mediatheque_client.output import Output

REFUSED, NOT_SIGNED_IN, UNREACHABLE, INTERRUPTED = 1, 3, 4, 130
DEFAULT_URL = "http://127.0.0.1:8000"
Command = Callable[[Api, argparse.Namespace, Output], int]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command and exit with its code."""
    options = _parser().parse_args(arguments)
    sys.exit(_run(options, Output(as_json=options.json)))


def _run(options: argparse.Namespace, output: Output) -> int:
    memory = sign_ins()
    url = options.url or os.environ.get("MEDIATHEQUE_URL") or memory.get("default") or DEFAULT_URL
    api = Api(url, memory, os.environ.get("MEDIATHEQUE_TOKEN"))
    command: Command = options.command
    try:
        return command(api, options, output)
    except Refused as refusal:
        output.refused(refusal)
        return REFUSED
    except NotSignedIn as error:
        output.error("not_signed_in", str(error))
        return NOT_SIGNED_IN
    except (Unreachable, requests.RequestException) as error:
        output.error("unreachable", str(error))
        return UNREACHABLE
    except KeyboardInterrupt:
        output.error("interrupted", "Stopped. Run the same command again to go on.")
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mediatheque", description="A media library on the command line.")
    parser.add_argument("--url", help=f"the library's address (or MEDIATHEQUE_URL; {DEFAULT_URL})")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _login(commands)
    _upload(commands)
    _look(commands)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=command)
    return parser


def _login(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    login = _command(commands, "login", _sign_in, "Sign in; the password is asked for")
    login.add_argument("--email", required=True)
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _command(commands, "logout", _sign_out, "Sign out")


def _upload(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _command(commands, "upload", upload.run, "Upload files and folders; what is there is left out")
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--tag", action="append", default=[], help="may be given more than once")
    parser.add_argument("--caption")
    parser.add_argument("--link", action="store_true", help="make another file where the content is there")
    parser.add_argument("--jobs", type=int, default=4, help="how many requests at once (4)")
    parser.add_argument("--wait", action="store_true", help="wait until every file has been examined")
    parser.add_argument("--hidden", action="store_true", help="also what begins with a dot")


def _look(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = _command(commands, "ls", library.list_files, "List files, newest first")
    listing.add_argument("--limit", type=int, default=50, help="at most so many (50); 0 for all")
    search = _command(commands, "search", library.search, "Search files by words")
    search.add_argument("words")
    search.add_argument("--limit", type=int, default=50)
    get = _command(commands, "get", library.download, "Fetch a file; its hash is checked")
    get.add_argument("file_id")
    get.add_argument("-o", "--output", help="where to (the file's own name)")
    remove = _command(commands, "rm", library.remove, "Move files to the trash")
    remove.add_argument("file_ids", nargs="+", metavar="file_id")
    remove.add_argument("--permanent", action="store_true", help="erase for good")


def _sign_in(api: Api, options: argparse.Namespace, output: Output) -> int:
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else getpass.getpass()
    api.sign_in(options.email, password)
    sign_ins().put("default", api.url)
    output.say({"signed_in": options.email, "url": api.url}, f"Signed in to {api.url}.")
    return 0


def _sign_out(api: Api, _: argparse.Namespace, output: Output) -> int:
    api.sign_out()
    output.say({"signed_out": api.url}, f"Signed out of {api.url}.")
    return 0
