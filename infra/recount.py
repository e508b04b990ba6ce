"""Count files and background jobs of an account anew, or add up all: `python -m infra.recount --user-id ID [--repair]`.

Prints each count that differs from what is kept, as one line of JSON; `--repair` puts them right. `--library` compares
the whole library's counts with the sums of all accounts' instead. Ends with 1 when something differed.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from chalicelib.accounts.administration import Filter
from chalicelib.catalogue.folding import LIBRARY
from chalicelib.wiring import Library, library

PAGE = 100


def recount(library: Library, user_id: str, *, repair: bool) -> dict[str, Any]:
    """Compare the counts kept for an account with what counting finds."""
    counting = library.files.catalogue.recount()
    held = library.blobs.quotas.standing(user_id).used
    jobs = library.organising.jobs.listed.found(user_id)
    differences = counting.differences(user_id, {**({"held": held} if held else {}), **jobs})
    if repair:
        counting.repair(user_id, differences)
    return {"user_id": user_id, "differences": [vars(one) for one in differences], "repaired": repair}


def recount_library(library: Library, *, repair: bool) -> dict[str, Any]:
    """Compare the whole library's counts with the sums of all accounts'."""
    counting = library.files.catalogue.recount()
    differences = counting.library_differences(_accounts(library))
    if repair:
        counting.repair(LIBRARY, differences)
    return {"user_id": None, "differences": [vars(one) for one in differences], "repaired": repair}


def _accounts(library: Library) -> Iterator[str]:
    cursor: str | None = None
    while True:
        page = library.administration.page(Filter(), limit=PAGE, cursor=cursor)
        yield from (one.id for one in page.items)
        cursor = page.next_cursor
        if cursor is None:
            return


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.recount", description=__doc__)
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user-id")
    whose.add_argument("--library", action="store_true", help="add up all accounts")
    parser.add_argument("--repair", action="store_true", help="put right what differs")
    options = parser.parse_args()
    if options.library:
        report = recount_library(library(), repair=options.repair)
    else:
        report = recount(library(), options.user_id, repair=options.repair)
    print(json.dumps(report))
    sys.exit(bool(report["differences"]))


if __name__ == "__main__":
    main()
