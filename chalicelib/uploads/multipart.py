"""Uploads in parts: sign parts, tell which have arrived, complete from S3's own list.

The library keeps no list of parts: S3's is the truth, after any restart of client or server. S3's upload is made when
the first parts are asked for, so that beginning costs no call to S3. What completes is decided by the composite
checksum that S3 verified; the whole file's hash, which S3 cannot check here, is only the name under which the library
looks (docs/decisions/0010-identity-of-multipart-content.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.aws.multipart import KeyTaken, MultipartBucket, MultipartGone, Part, composite_of
from chalicelib.blobs.models import BlobChanged, HashDisputed, object_key
from chalicelib.core.caller import Caller
from chalicelib.files.models import File
from chalicelib.uploads.models import (
    MultipartOpen,
    NoSuchPart,
    NotMultipart,
    PartsDiffer,
    PartsMissing,
    Progress,
    SignedPart,
    Upload,
    UploadClosed,
    UploadState,
    WantedPart,
)
from chalicelib.uploads.rules import missing_parts, part_sizes
from chalicelib.uploads.service import Uploads

PART_ADDRESS_LIFE = timedelta(hours=1)
NAMED_MISSING = 100


@dataclass(frozen=True)
class Parts:
    """The use cases of uploads in parts. An upload that is not the caller's raises UploadNotFound."""

    uploads: Uploads
    storage: MultipartBucket

    def progress(self, caller: Caller, upload_id: str) -> Progress:
        """Return an upload with the parts that S3 has of it: one call, and one for each thousand parts."""
        upload = self.uploads.get(caller, upload_id)
        return Progress(upload, self._arrived(upload) if upload.state is UploadState.OPEN else [])

    def sign(self, caller: Caller, upload_id: str, wanted: Sequence[WantedPart]) -> list[SignedPart]:
        """Return where parts go, good for an hour; one call, three the first time.

        Raises NotMultipart, UploadClosed, NoSuchPart.
        """
        upload = self._open(caller, upload_id)
        sizes = part_sizes(upload.size)
        for part in wanted:
            if part.number > len(sizes):
                raise NoSuchPart(f"This upload has {len(sizes)} parts.", part_count=len(sizes))
        key, multipart_id = _key(upload), upload.multipart_id or self._create(caller, upload)
        seconds = int(PART_ADDRESS_LIFE.total_seconds())
        expires_at = self.uploads.clock() + PART_ADDRESS_LIFE
        signed = []
        for part in wanted:
            size = sizes[part.number - 1]
            put = self.storage.presign_part(
                key, multipart_id, Part(part.number, size, part.sha256, ""), seconds
            )
            signed.append(SignedPart(part.number, size, put, expires_at))
        return signed

    def complete(self, caller: Caller, upload_id: str) -> File:
        """Join the parts that S3 has to the content, and return the file, which S3's event will finish.

        Safe to repeat after any crash. Raises NotMultipart, UploadClosed, PartsMissing, PartsDiffer, HashDisputed.
        """
        upload = self.uploads.get(caller, upload_id)
        if upload.state is not UploadState.COMPLETED:
            self._complete(caller, self._checked(upload))
        elif upload.multipart_id:  # another upload brought the same content first
            self.storage.abort(_key(upload), upload.multipart_id)
        return self.uploads.files.get(caller, upload.file_id)

    def _open(self, caller: Caller, upload_id: str) -> Upload:
        return self._checked(self.uploads.get(caller, upload_id))

    def _checked(self, upload: Upload) -> Upload:
        if upload.part_size is None:
            raise NotMultipart("The bytes of this upload go in one PUT to the url that its begin answered.")
        if upload.state is not UploadState.OPEN:
            raise UploadClosed("This upload has ended already.")
        return upload

    def _arrived(self, upload: Upload) -> list[Part]:
        if upload.multipart_id is None:
            return []
        try:
            return self.storage.parts(_key(upload), upload.multipart_id)
        except MultipartGone:
            return []

    def _create(self, caller: Caller, upload: Upload) -> str:
        created = self.storage.create(_key(upload))
        try:
            self.uploads.tables.commit([self.uploads.store.open_multipart(upload, created)])
        except MultipartOpen:
            self.storage.abort(_key(upload), created)
            first = self._open(caller, upload.id).multipart_id
            if first is None:
                raise
            return first
        return created

    def _complete(self, caller: Caller, upload: Upload) -> None:
        parts = self._arrived(upload)
        if not parts and self._is_here(upload):
            self.uploads.announce(upload)  # completed before, and the answer or the event was lost
            return
        missing = missing_parts(upload.size, parts)
        if missing or upload.multipart_id is None:
            named = [str(number) for number in missing[:NAMED_MISSING]]
            raise PartsMissing(f"{len(missing)} parts have not arrived yet.", missing=named)
        composite = composite_of(parts)
        if upload.composite not in {None, composite}:
            raise PartsDiffer("The parts do not add up to the composite_sha256 that was announced.")
        self._prove(upload, composite)
        try:
            self.storage.complete(_key(upload), upload.multipart_id, parts)
        except MultipartGone as error:  # completed by a request whose answer was lost, or ended meanwhile
            if self.uploads.bucket.composite(_key(upload)) != composite:
                raise UploadClosed("This upload has ended already.") from error
        except KeyTaken:
            self._meet(caller, upload, composite)

    def _prove(self, upload: Upload, composite: str) -> None:
        """Write down which bytes the file must get, before they can arrive: S3's event finds it then."""
        blobs, store = self.uploads.blobs, self.uploads.store
        proof = blobs.prove(upload.owner_id, upload.sha256, upload.file_id, composite)
        try:
            self.uploads.tables.commit([store.prove(upload, composite), proof])
        except BlobChanged as error:
            raise UploadClosed("This upload has ended already.") from error

    def _is_here(self, upload: Upload) -> bool:
        there = self.uploads.bucket.composite(_key(upload))
        return there is not None and there == upload.composite

    def _meet(self, caller: Caller, upload: Upload, composite: str) -> None:
        """Content is under the key already: the same, and all is well, or other bytes under the same claimed hash."""
        if self.uploads.bucket.composite(_key(upload)) == composite:
            if upload.multipart_id:
                self.storage.abort(_key(upload), upload.multipart_id)
            self.uploads.announce(upload)
            return
        self.uploads.abort(caller, upload.id)
        raise HashDisputed(
            "Your library has other bytes under this sha256: one of the two was hashed wrongly. "
            "The upload was given up; erase the other file if it is the wrong one, and upload again."
        )


def _key(upload: Upload) -> str:
    return object_key(upload.owner_id, upload.sha256)
