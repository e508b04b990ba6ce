"""Count the files of one account anew: `python -m infra.recount --user-id ID [--repair]`.

Prints each count that differs from what is kept, as one line of JSON; `--repair` puts them right. Ends with 1 when
something differed.
"""

import argparse
import json
import sys
from typing import Any

from chalicelib.wiring import Library, library


def recount(library: Library, user_id: str, *, repair: bool) -> dict[str, Any]:
    """Compare the counts kept for an account with what counting finds."""
    counting = library.files.catalogue.recount()
    differences = counting.differences(user_id)
    if repair:
        counting.repair(user_id, differences)
    return {"user_id": user_id, "differences": [vars(one) for one in differences], "repaired": repair}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m infra.recount", description=__doc__)
    parser.add_argument("--user-id", required=True)
    parser.add_argument("--repair", action="store_true", help="put right what differs")
    options = parser.parse_args()
    report = recount(library(), options.user_id, repair=options.repair)
    print(json.dumps(report))
    sys.exit(bool(report["differences"]))


if __name__ == "__main__":
    main()
