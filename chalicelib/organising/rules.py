"""What an edit makes of a file."""

from datetime import datetime
from typing import Any

from chalicelib.catalogue.rules import normal_tags, tag_key
from chalicelib.core.errors import Invalid
from chalicelib.files.models import File
from chalicelib.organising.models import Action, Edit

MAX_TAGS = 20


class TooManyTags(Invalid):
    """A file may have no more tags."""

    code = "too_many_tags"


def was_in_trash(file: File, moment: datetime) -> bool:
    """Tell whether a file that is in the trash was there at a moment."""
    return file.trashed_at is not None and file.trashed_at <= moment


def changes(edit: Edit, file: File) -> dict[str, Any]:
    """Return the fields that an edit sets. Raises TooManyTags."""
    if edit.action is Action.CATEGORISE:
        return {"category": edit.category}
    if edit.action is Action.SHOW:
        return {"visibility": edit.visibility}
    if edit.action is Action.ATTACH:
        return {"content_id": edit.content_id}
    if edit.action is Action.DETACH:
        return {"content_id": None} if file.content_id == edit.content_id else {}
    tags = _retagged(edit, file.tags)
    if len(tags) > MAX_TAGS:
        raise TooManyTags(f"A file may have at most {MAX_TAGS} tags.", limit=MAX_TAGS)
    return {"tags": tags}


def _retagged(edit: Edit, tags: tuple[str, ...]) -> tuple[str, ...]:
    if edit.action is Action.TAG:
        return normal_tags((*tags, *edit.tags))
    keys = {tag_key(tag) for tag in edit.tags}
    if edit.action is Action.UNTAG:
        return tuple(tag for tag in tags if tag_key(tag) not in keys)
    old, new = edit.tags
    if tag_key(old) not in {tag_key(tag) for tag in tags}:
        return tags
    others = {tag_key(new)} - {
        tag_key(old)
    }  # where the file has both, they become one, in the old one's place
    kept = [tag for tag in tags if tag_key(tag) not in others]
    return tuple(new if tag_key(tag) == tag_key(old) else tag for tag in kept)
