"""The list of background jobs in the table `files`: pk `jobs#<owner>`, sk the job's id, so the newest is the last.

A row is a copy of what is told of a job, written and removed in the transactions that write and remove the job, which
is a row of its own domain. So what is in the list can be read, and what can be read is in the list.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

from boto3.dynamodb.conditions import Attr, ConditionBase
from boto3.dynamodb.conditions import Key as KeyCondition
from pydantic import TypeAdapter

from chalicelib.aws.table import Delete, Item, Key, Put, Tables, Write
from chalicelib.jobs.models import Listed

LOOKED_AT = 1000
"""Rows that a filtered page looks at: some 300 KB, one Query."""
_jobs = TypeAdapter(Listed)


@dataclass(frozen=True)
class JobListStore:
    """Reads the lists; describes their writes."""

    tables: Tables
    table: str

    def put(self, job: Listed) -> Write:
        """Describe a job's row, new or changed."""
        tested = {"kind": job.kind, "state": job.state}
        return Put(self.table, {**_key(job.owner_id, job.id), **tested, "job": _jobs.dump_json(job).decode()})

    def delete(self, job: Listed) -> Write:
        """Describe the end of a job's row."""
        return Delete(self.table, _key(job.owner_id, job.id))

    def page(
        self, owner_id: str, wanted: dict[str, str], *, limit: int, after: str | None
    ) -> tuple[list[Listed], str | None]:
        """Read jobs with these attributes, newest first, and the id to go on after; one call."""
        tests: list[ConditionBase] = [Attr(name).eq(value) for name, value in wanted.items()]
        rows = self.tables.query(
            self.table,
            KeyCondition("pk").eq(_key(owner_id, "")["pk"]),
            limit=LOOKED_AT if tests else limit,
            forward=False,
            start=_key(owner_id, after) if after else None,
            where=reduce(and_, tests) if tests else None,
        )
        found = list(map(_listed, rows.items))
        if len(found) > limit:
            return found[:limit], found[limit - 1].id
        return found, rows.next_key["sk"] if rows.next_key else None

    def all(self, owner_id: str) -> Iterator[Listed]:
        """Read all jobs of an owner, page by page."""
        condition = KeyCondition("pk").eq(_key(owner_id, "")["pk"])
        return map(_listed, self.tables.query_all(self.table, condition))


def _key(owner_id: str, job_id: str) -> Key:
    return {"pk": f"jobs#{owner_id}", "sk": job_id}


def _listed(row: Item) -> Listed:
    return _jobs.validate_json(row["job"])
