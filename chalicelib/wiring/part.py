"""A part of the library: built when it is first asked for, and what builds it imported no sooner."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.wiring import Library


class Part[T]:
    """An attribute `name: "Part[Type]" = Part("module")`, built by the function `name` of that module of this package.

    It is built once for each library, whichever threads ask, and then is an attribute like any other.
    """

    def __init__(self, module: str) -> None:
        self.module = f"{__package__}.{module}"
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, library: "Library", owner: type | None = None) -> T:
        """Build the part; what it is made of asks for its own parts in turn."""
        built = vars(library)
        with library.building:
            if self.name not in built:
                build = getattr(import_module(self.module), self.name)
                built[self.name] = build(library)
            part: T = built[self.name]
        return part
