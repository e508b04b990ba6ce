"""Builds what hands files out: what is shared with one, and how bytes are delivered."""

import functools

from chalicelib.accounts.service import Accounts
from chalicelib.files.service import Files
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.received import Received


class Delivering:
    """The part of the library that hands files out; built when first asked for."""

    accounts: Accounts
    files: Files
    grants: Grants

    @functools.cached_property
    def received(self) -> Received:
        """Return what lists the files that others share with one."""
        return Received(self.grants.store, self.files, self.files.owner_active.among, self.grants.cursors)
