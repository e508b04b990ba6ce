"""Jobs in the table `files`: pk `job#<id>`, sk `job`. A month after their end the sweep removes them."""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Attr
from pydantic import TypeAdapter

from chalicelib.aws.table import ABSENT, Delete, Item, Key, Put, Tables, Write
from chalicelib.core.clock import to_text
from chalicelib.organising.models import Job, JobChanged

_jobs = TypeAdapter(Job)


@dataclass(frozen=True)
class EditJobStore:
    """Reads jobs; describes their writes."""

    tables: Tables
    table: str

    def get(self, job_id: str) -> Job | None:
        """Read a job."""
        item = self.tables.get(self.table, _key(job_id))
        return _jobs.validate_json(item["job"]) if item else None

    def put_new(self, job: Job) -> Write:
        """Describe a new job."""
        return Put(self.table, _item(job), ABSENT)

    def put_if(self, job: Job, version: int) -> Write:
        """Describe a job's next step; refused with JobChanged unless its stored version is `version`."""
        return Put(
            self.table,
            _item(job),
            Attr("version").eq(version),
            refused=_changed(),
        )

    def delete_if(self, job: Job) -> Write:
        """Describe the end of a job as it was read; refused with JobChanged."""
        return Delete(self.table, _key(job.id), Attr("version").eq(job.version), refused=_changed())


def _changed() -> JobChanged:
    return JobChanged("Another worker has taken the job further.")


def _key(job_id: str) -> Key:
    return {"pk": f"job#{job_id}", "sk": "job"}


def _item(job: Job) -> Item:
    return {
        **_key(job.id),
        "owner_id": job.owner_id,
        "version": job.version,
        "state": job.state.value,
        "updated_at": to_text(job.updated_at),
        "job": _jobs.dump_json(job).decode(),
    }
