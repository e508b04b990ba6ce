"""Share links as their owners know them: make, list, change and revoke.

A link is looked up on every use, so what its owner changes or revokes holds at once.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.accounts.passwords import Passwords
from chalicelib.audit.service import Audit
from chalicelib.aws.table import Rows, Tables, Write
from chalicelib.core.caller import Caller
from chalicelib.core.clock import Clock
from chalicelib.core.ids import NewId
from chalicelib.core.paging import Cursors, Page
from chalicelib.files.models import Permission
from chalicelib.files.service import Files
from chalicelib.sharing.models import (
    Link,
    LinkOfFile,
    NewLink,
    Terms,
)
from chalicelib.sharing.rules import check_shareable, check_version, new_token, token_hash, unknown_link
from chalicelib.sharing.store import LinkStore

CLEARED_AT_ONCE = 30


@dataclass(frozen=True)
class Links:
    """The use cases of links. A link that is not the caller's looks as if it did not exist (LinkNotFound)."""

    tables: Tables
    store: LinkStore
    files: Files
    passwords: Passwords
    audit: Audit
    cursors: Cursors
    clock: Clock
    new_id: NewId

    def create(self, caller: Caller, file_id: str, terms: Terms) -> NewLink:
        """Make a link to one of the caller's files; two calls. Raises FileNotFound, FileNotShareable, MetadataStays."""
        file = self.files.seen(caller, file_id, Permission.SHARE).file
        check_shareable(file)
        if terms.strip_metadata:
            self.files.copies.ask(file)
        token, now = new_token(), self.clock()
        link = Link(
            id=self.new_id(),
            token_hash=token_hash(token),
            file_id=file.id,
            owner_id=file.owner_id,
            created_at=now,
            name=terms.name,
            expires_at=now + timedelta(seconds=terms.expires_in) if terms.expires_in else None,
            password_hash=self.passwords.hash(terms.password) if terms.password else None,
            max_downloads=terms.max_downloads,
            allow_download=terms.allow_download,
            strip_metadata=terms.strip_metadata,
        )
        self.tables.commit([*self.store.put_new(link), self._entry("link.created", caller, link)])
        return NewLink(link, file, token)

    def of_file(self, caller: Caller, file_id: str, *, limit: int, cursor: str | None) -> Page[LinkOfFile]:
        """Return a page of the links to one of the caller's files, newest first; four calls."""
        self.files.seen(caller, file_id, Permission.SHARE)
        scope = f"{caller.user_id} links of {file_id}"
        rows = self.store.of_file(file_id, limit=limit, after=self._after(cursor, scope))
        return self._page(caller, rows, scope, file_id)

    def of_caller(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[LinkOfFile]:
        """Return a page of all links of the caller's, newest first; three calls."""
        scope = f"{caller.user_id} links"
        rows = self.store.of_owner(caller.user_id, limit=limit, after=self._after(cursor, scope))
        return self._page(caller, rows, scope, None)

    def change(self, caller: Caller, link_id: str, given: dict[str, Any], expected: int | None) -> LinkOfFile:
        """Change a link's terms, those that are given; it holds from the next request on. Four calls.

        Raises LinkNotFound, FileNotFound, MetadataStays; LinkChanged when `expected` is not the link's version.
        """
        before = self._own(caller, link_id)
        check_version(before, expected)
        file = self.files.get(caller, before.file_id)
        if given.get("strip_metadata"):
            self.files.copies.ask(file)
        after = replace(before, **self._changes(given), version=before.version + 1)
        entry = self._entry("link.changed", caller, after, fields=sorted(given))
        self.tables.commit([self.store.change(before, after), entry])
        return LinkOfFile(after, file)

    def revoke(self, caller: Caller, link_id: str, expected: int | None) -> None:
        """End a link at once; three calls. Raises LinkNotFound, LinkChanged."""
        link = self._own(caller, link_id)
        check_version(link, expected)
        self.tables.commit([*self.store.delete(link), self._entry("link.revoked", caller, link)])

    def _own(self, caller: Caller, link_id: str) -> Link:
        link = self.store.find(caller.user_id, link_id)
        if link is None:
            raise unknown_link()
        return link

    def _changes(self, given: dict[str, Any]) -> dict[str, Any]:
        changes: dict[str, Any] = {
            name: given[name]
            for name in ("name", "max_downloads", "allow_download", "strip_metadata")
            if name in given
        }
        if "expires_in" in given:
            seconds = given["expires_in"]
            changes["expires_at"] = None if seconds is None else self.clock() + timedelta(seconds=seconds)
        if "password" in given:
            password = given["password"]
            changes["password_hash"] = None if password is None else self.passwords.hash(password)
        return changes

    def _after(self, cursor: str | None, scope: str) -> str | None:
        return self.cursors.open(cursor, scope)["after"] if cursor else None

    def _page(self, caller: Caller, rows: Rows, scope: str, file_id: str | None) -> Page[LinkOfFile]:
        """Return the links of a list's rows; those that are no more, or whose file is gone, leave the lists."""
        links = self.store.get_many([row["token_hash"] for row in rows.items])
        file_ids = list(dict.fromkeys(link.file_id for link in links.values()))
        files = {file.id: file for file in self.files.get_many(file_ids)}
        ended: list[Write] = []
        items = []
        for row in rows.items:
            link = links.get(row["token_hash"])
            if link is not None and link.file_id in files:
                items.append(LinkOfFile(link, files[link.file_id]))
            elif link is not None:
                ended += self.store.delete(link)
            else:
                ended += self.store.unlist(caller.user_id, file_id, row["sk"].removeprefix("link#"))
        if ended:
            self.tables.commit(ended[: 3 * CLEARED_AT_ONCE])
        more = self.cursors.seal({"after": rows.next_key["sk"]}, scope) if rows.next_key else None
        return Page(items, more)

    def _entry(self, action: str, caller: Caller, link: Link, **details: object) -> Write:
        return self.audit.entry(
            action,
            owner=link.owner_id,
            actor=caller.user_id,
            target=link.file_id,
            origin=caller.origin,
            link=link.id,
            **details,
        )
