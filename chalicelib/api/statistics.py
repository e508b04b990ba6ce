"""What is in a library, by kind: one's own, and everybody's for admins."""

from datetime import datetime
from typing import Any

from chalicelib.api.endpoint import Routes, Who
from chalicelib.api.models import Output
from chalicelib.api.request import Call
from chalicelib.api.tags import TagView
from chalicelib.api.views import FileView
from chalicelib.catalogue.counters import Statistics
from chalicelib.catalogue.folding import LIBRARY

own = Routes("Accounts")
everybodys = Routes("Administration")

RECENT = 5
TOP_TAGS = 10


class CountView(Output):
    """Files and their bytes."""

    files: int = 0
    bytes: int = 0


class Counts(Output):
    """Counts kept with every change, never by counting. Files in the trash count only there.

    Categories go by their ids, months are those of upload. Background jobs are counted by kind and state while they
    run and a month after they ended: those of `GET /v1/jobs`.
    """

    all: CountView
    trash: CountView
    by_type: dict[str, CountView]
    by_status: dict[str, CountView]
    by_category: dict[str, CountView]
    by_extension: dict[str, CountView]
    by_month: dict[str, CountView]
    top_tags: list[TagView]
    background_jobs: dict[str, dict[str, int]]


class QuotaView(Output):
    """Bytes that one holds or has begun to upload (content that files share counts once), and may hold."""

    used: int
    limit: int


class OwnStatistics(Counts):
    """What is in one's library, exact as of now."""

    quota: QuotaView
    recent: list[FileView]
    """The newest uploads."""


class StorageView(Output):
    """Bytes of content that all accounts hold, and how many each may hold that has no quota of its own."""

    used: int
    default_quota: int


class LaneView(Output):
    """About how many messages wait in a queue, are being worked on, and have failed five times."""

    waiting: int
    running: int
    failed: int


class LibraryStatistics(Counts):
    """What is in the whole library.

    Counts are added up in the background: what happened before `as_of`, five minutes ago as a rule, is in them, what
    is newer may be. Null: nothing has been added up yet. Of categories those for everybody are counted.
    """

    as_of: datetime | None
    accounts: dict[str, dict[str, int]]
    """How many, by status and role."""
    storage: StorageView
    jobs: dict[str, LaneView]


@own("GET /v1/me/stats", who=Who.USER, returns=OwnStatistics, summary="What is in one's library, by kind")
def read_statistics(call: Call) -> OwnStatistics:
    user_id, files = call.caller.user_id, call.library.files
    counts = files.catalogue.statistics(user_id)
    standing = files.blobs.quotas.standing(user_id)
    recent = files.newest_first(call.caller, limit=RECENT, cursor=None).items
    return OwnStatistics(
        **_groups(call, counts, user_id),
        quota=QuotaView(used=standing.used, limit=standing.limit),
        recent=[FileView.of(file) for file in recent],
    )


@everybodys(
    "GET /v1/admin/stats",
    who=Who.ADMIN,
    returns=LibraryStatistics,
    summary="What is in the whole library by kind, who has accounts, how full queues are",
)
def read_library_statistics(call: Call) -> LibraryStatistics:
    library = call.library
    counts, as_of = library.files.catalogue.library_statistics()
    accounts: dict[str, dict[str, int]] = {}
    for group, number in library.administration.census().items():
        status, role = group.split("#")
        accounts.setdefault(status, {})[role] = number
    depths = library.dead_letters.depths()
    return LibraryStatistics(
        **_groups(call, counts, LIBRARY),
        as_of=as_of,
        accounts=accounts,
        storage=StorageView(used=counts.held, default_quota=library.blobs.quotas.limit()),
        jobs={name: LaneView.model_validate(depth) for name, depth in depths.items()},
    )


def _groups(call: Call, counts: Statistics, owner_id: str) -> dict[str, Any]:
    groups = {
        f"by_{name}": {key: CountView(files=files, bytes=size) for key, (files, size) in group.items()}
        for name, group in counts.groups.items()
    }
    groups["by_extension"] = groups.pop("by_ext")
    tags = call.library.files.catalogue.counters.top_tags(owner_id, TOP_TAGS)
    return groups | {
        "all": CountView(files=counts.files, bytes=counts.bytes),
        "trash": CountView(files=counts.trashed_files, bytes=counts.trashed_bytes),
        "background_jobs": counts.jobs,
        "top_tags": [TagView.model_validate(tag) for tag in tags],
    }
