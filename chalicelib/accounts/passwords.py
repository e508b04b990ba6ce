"""Password hashing with Argon2id (RFC 9106, its second recommended parameters: 64 MiB, 3 passes)."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_NOBODY = "$argon2id$v=19$m={},t=3,p=4$c29tZXNhbHRzb21lc2FsdA$Q2wYhZzqJp1d5eK2c0m9b8v4o3nq7xYtS6uRfEwLaHI"


@dataclass(frozen=True)
class Passwords:
    """Hashes and verifies. The memory is in KiB; less than the default is for tests only."""

    memory_kib: int = 65_536

    @functools.cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # noqa: PLC0415 - most requests hash nothing

        return PasswordHasher(memory_cost=self.memory_kib)

    @property
    def nobodys(self) -> str:
        """Return a hash that no password matches, so that an unknown address takes as long as a wrong password."""
        return _NOBODY.format(self.memory_kib)

    def hash(self, password: str) -> str:
        """Return the hash to store, parameters and salt included."""
        return self._hasher.hash(password)

    def matches(self, password: str, stored: str | None) -> bool:
        """Tell whether the password is the stored one; None (no such account) takes the same time and says no."""
        from argon2.exceptions import VerifyMismatchError  # noqa: PLC0415 - as above

        try:
            return self._hasher.verify(stored or self.nobodys, password)
        except VerifyMismatchError:
            return False
