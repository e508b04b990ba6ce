"""Upload records in the table `files`: pk `upload#<id>`, sk `upload`; `ttl` removes them a month after their end."""

from dataclasses import dataclass
from datetime import timedelta

from boto3.dynamodb.conditions import Attr

from chalicelib.aws.table import ABSENT, Item, Key, Put, Tables, Update, Write
from chalicelib.core.clock import from_text, to_text
from chalicelib.uploads.models import MultipartOpen, Upload, UploadClosed, UploadState

KEPT = timedelta(days=30)


@dataclass(frozen=True)
class UploadStore:
    """Reads uploads; describes their writes."""

    tables: Tables
    table: str

    def get(self, upload_id: str) -> Upload | None:
        """Read an upload."""
        item = self.tables.get(self.table, _key(upload_id))
        return _upload(item) if item else None

    def put_new(self, upload: Upload) -> Write:
        """Describe a new upload."""
        item = {
            **_key(upload.id),
            "id": upload.id,
            "file_id": upload.file_id,
            "owner_id": upload.owner_id,
            "sha256": upload.sha256,
            "size": upload.size,
            "state": upload.state.value,
            "created_at": to_text(upload.created_at),
            "expires_at": to_text(upload.expires_at),
            "due_at": to_text(upload.due_at),
            "part_size": upload.part_size,
            "composite": upload.composite,
            "ttl": int((upload.due_at + KEPT).timestamp()),
        }
        return Put(self.table, item, ABSENT)

    def complete(self, upload_id: str) -> Write:
        """Describe that the bytes have arrived, for the first or another time; refused when it ended otherwise."""
        fitting = Attr("state").is_in([UploadState.OPEN.value, UploadState.COMPLETED.value])
        completed = {"state": UploadState.COMPLETED.value}
        return Update(self.table, _key(upload_id), completed, condition=fitting, refused=_closed())

    def open_multipart(self, upload: Upload, multipart_id: str) -> Write:
        """Describe which upload of S3's takes the parts; refused with MultipartOpen when there is one already."""
        none_yet = Attr("state").eq(UploadState.OPEN.value) & Attr("multipart_id").not_exists()
        taken = MultipartOpen("The parts go to another upload.")
        return Update(
            self.table, _key(upload.id), {"multipart_id": multipart_id}, condition=none_yet, refused=taken
        )

    def prove(self, upload: Upload, composite: str) -> Write:
        """Describe what the parts of an open upload add up to; refused with UploadClosed."""
        still_open = Attr("state").eq(UploadState.OPEN.value)
        return Update(
            self.table, _key(upload.id), {"composite": composite}, condition=still_open, refused=_closed()
        )

    def close(self, upload: Upload, state: UploadState) -> Write:
        """Describe the end of an open upload; refused with UploadClosed."""
        still_open = Attr("state").eq(UploadState.OPEN.value)
        return Update(
            self.table, _key(upload.id), {"state": state.value}, condition=still_open, refused=_closed()
        )


def _closed() -> UploadClosed:
    return UploadClosed("This upload has ended already.")


def _key(upload_id: str) -> Key:
    return {"pk": f"upload#{upload_id}", "sk": "upload"}


def _upload(item: Item) -> Upload:
    return Upload(
        id=item["id"],
        file_id=item["file_id"],
        owner_id=item["owner_id"],
        sha256=item["sha256"],
        size=int(item["size"]),
        state=UploadState(item["state"]),
        created_at=from_text(item["created_at"]),
        expires_at=from_text(item["expires_at"]),
        due_at=from_text(item["due_at"]),
        part_size=int(item["part_size"]) if item.get("part_size") else None,
        composite=item.get("composite"),
        multipart_id=item.get("multipart_id"),
    )
