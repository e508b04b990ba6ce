"""Who may do what with a file: one rule for every route."""

from dataclasses import replace

from chalicelib.core.caller import Caller
from chalicelib.files.models import File, Permission, PermissionMissing, Seen, Status, Visibility
from chalicelib.files.rules import unknown_file

OWN = tuple(Permission)
GIVEN: dict[Permission | None, tuple[Permission, ...]] = {
    None: (),
    Permission.VIEW: (Permission.VIEW,),
    Permission.DOWNLOAD: (Permission.VIEW, Permission.DOWNLOAD),
    Permission.EDIT: (Permission.VIEW, Permission.DOWNLOAD, Permission.EDIT),
}
"""What a grant gives; each includes the ones before it."""
PUBLIC = (Permission.VIEW, Permission.DOWNLOAD)


def permissions(file: File, caller: Caller | None, grant: Permission | None) -> tuple[Permission, ...]:
    """Return what a caller (None: without a token) may do with a file, given what its owner granted them."""
    if caller is not None and caller.user_id == file.owner_id:
        return OWN
    if not is_shown_to_others(file):
        return ()
    public = PUBLIC if file.visibility is Visibility.PUBLIC else ()
    return tuple(one for one in Permission if one in GIVEN[grant] or one in public)


def seen_by(caller: Caller | None, file: File, grant: Permission | None) -> Seen:
    """Return a file as someone may see it whom its owner granted this; `held` may be nothing."""
    own = caller is not None and caller.user_id == file.owner_id
    bare = file.strip_metadata and not own and grant not in {Permission.DOWNLOAD, Permission.EDIT}
    shown = replace(file, metadata=None) if bare else file
    return Seen(shown, permissions(file, caller, grant), bare)


def is_shown_to_others(file: File) -> bool:
    """Tell whether a file is one that others may be shown at all: its bytes are here and nobody threw it away."""
    return file.trashed_at is None and file.status not in {Status.PENDING, Status.REJECTED}


def check_held(held: tuple[Permission, ...], needed: Permission) -> None:
    """Raise FileNotFound for those who may not even see the file, PermissionMissing for the others."""
    if Permission.VIEW not in held:
        raise unknown_file()
    if needed not in held:
        raise PermissionMissing(
            f"Its owner has not let you {needed.value} this file.", permissions=[one.value for one in held]
        )
