"""GuardDuty Malware Protection for S3: it scans each new object by itself and tags it with the result.

Its event comes through EventBridge to the extraction's queue (`blobs.arrivals` reads it); until then content stays
as it is. The tag is the truth: who reads it needs to trust no message. Uploaders cannot set it: S3 refuses x-amz
headers that are not signed, and the role that signs has no s3:PutObjectTagging.
(AWS: "Monitoring S3 object scans with GuardDuty Malware Protection for S3".)

IAM: s3:GetObjectTagging on the objects.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.scanning.models import Finding, ScannerAway, malware_found

TAG = "GuardDutyMalwareScanStatus"
CLEAN, THREATS = "NO_THREATS_FOUND", "THREATS_FOUND"
UNSCANNABLE = {"UNSUPPORTED", "ACCESS_DENIED", "FAILED"}


@dataclass(frozen=True)
class GuardDuty:
    """Reads what GuardDuty has found; `tags` returns an object's tags by name."""

    tags: Callable[[str], dict[str, str]]

    def is_done(self, key: str) -> bool:
        """Tell whether the object has been scanned; one call."""
        return TAG in self.tags(key)

    def finding(self, key: str, size: int) -> Finding | None:  # noqa: ARG002 - it has scanned already
        """Return the result in the object's tag; one call. Raises ScannerAway when there is none."""
        status = self.tags(key).get(TAG)
        if status == CLEAN:
            return None
        if status == THREATS:
            return malware_found("malware")
        if status in UNSCANNABLE:
            return Finding("not_scannable", "The malware scan could not read this file.")
        raise ScannerAway("The malware scan has no result yet.", retry_after=30)
