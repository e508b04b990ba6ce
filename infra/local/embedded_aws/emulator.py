"""The boundary to MiniStack: the one version that is patched, and the names for what it hands over untyped.

MiniStack carries no type hints, so its modules, tables and messages arrive as ``Any``. They are named here,
once, and every module of this package says by these names where an untyped value comes in. The patches
reach into private functions of MiniStack; `require_pinned` therefore refuses any version but the one they
were proven on.
"""

import importlib.metadata
from typing import Any

PINNED_VERSION = "1.5.33"

type Module = Any  # a module of ministack, with its private functions
type Record = dict[str, Any]  # a request, table, queue, message or object as MiniStack keeps it
type AttributeValue = dict[str, Any]  # DynamoDB's {"S": "text"}
type Item = dict[str, AttributeValue]
type Answer = tuple[int, dict[str, str], bytes]  # status, headers, body


class WrongVersionError(Exception):
    """The installed MiniStack is not the one the patches were made for."""


def require_pinned(found: str | None = None) -> None:
    """Refuse any MiniStack but the pinned one; `found` stands in for the installed version."""
    found = found or importlib.metadata.version("ministack")
    if found != PINNED_VERSION:
        raise WrongVersionError(
            f"the embedded AWS patches ministack {PINNED_VERSION}, but {found} is installed;"
            f" run: pip install ministack=={PINNED_VERSION}"
        )
