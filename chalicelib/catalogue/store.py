"""Postings in the table `tags`.

pk: the list (`<owner>#all`, `<owner>#trash`); sk: the file's id, so that the order of keys is the order of upload.
Local secondary indexes `by_name` (n) and `by_size` (z) hold the other orders; they can be read strongly consistent,
and exist from the table's first day because DynamoDB cannot add them later.
"""

from dataclasses import dataclass

from boto3.dynamodb.conditions import Key as KeyCondition

from chalicelib.aws.table import Delete, Put, Rows, Tables, Write
from chalicelib.catalogue.rules import Posting


@dataclass(frozen=True)
class PostingStore:
    """Reads lists; describes the writes of postings."""

    tables: Tables
    table: str

    def newest_first(self, list_key: str, *, limit: int, after: str | None) -> Rows:
        """Read one page of a list, newest first, going on after a file's id."""
        start = {"pk": list_key, "sk": after} if after else None
        return self.tables.query(
            self.table, KeyCondition("pk").eq(list_key), limit=limit, forward=False, start=start
        )

    def put(self, posting: Posting) -> Write:
        """Describe a posting, new or changed."""
        return Put(
            self.table,
            {"pk": posting.list_key, "sk": posting.file_id, "n": posting.by_name, "z": posting.by_size},
        )

    def delete(self, posting: Posting) -> Write:
        """Describe the end of a posting."""
        return Delete(self.table, {"pk": posting.list_key, "sk": posting.file_id})
