"""Jobs in the table `files`: pk `job#<id>`, sk `job`; `ttl` removes them a month after their last step."""

from dataclasses import dataclass
from datetime import timedelta

from boto3.dynamodb.conditions import Attr
from pydantic import TypeAdapter

from chalicelib.aws.table import ABSENT, Item, Put, Tables, Write
from chalicelib.core.clock import to_text
from chalicelib.organising.models import Job, JobChanged

KEPT = timedelta(days=30)
_jobs = TypeAdapter(Job)


@dataclass(frozen=True)
class EditJobStore:
    """Reads jobs; describes their writes."""

    tables: Tables
    table: str

    def get(self, job_id: str) -> Job | None:
        """Read a job."""
        item = self.tables.get(self.table, {"pk": f"job#{job_id}", "sk": "job"})
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
            refused=JobChanged("Another worker has taken the job further."),
        )


def _item(job: Job) -> Item:
    return {
        "pk": f"job#{job.id}",
        "sk": "job",
        "owner_id": job.owner_id,
        "version": job.version,
        "state": job.state.value,
        "updated_at": to_text(job.updated_at),
        "job": _jobs.dump_json(job).decode(),
        "ttl": int((job.updated_at + KEPT).timestamp()),
    }
