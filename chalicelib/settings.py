"""What the environment says, read once."""

import os
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, PositiveInt, field_validator

from chalicelib.core.caller import Role
from chalicelib.extraction.filetypes import EXTENSIONS
from chalicelib.uploads.rules import MAX_LIMIT, MULTIPART_FROM

PREFIX = "MEDIATHEQUE_"
FileType = Literal["image", "video", "audio", "document"]
FileBytes = Annotated[int, Field(gt=0, le=MAX_LIMIT)]
ANY_ORIGIN = "*"


def origins_of(text: str) -> tuple[str, ...]:
    """Return the origins of a list with commas; one `*` among them stands for all."""
    origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
    return (ANY_ORIGIN,) if ANY_ORIGIN in origins else origins


WebOrigin = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s,*]+)$")]
"""As browsers send it: scheme, host and port, without a path."""
WebOrigins = Annotated[tuple[WebOrigin, ...], BeforeValidator(origins_of), Field(min_length=1)]


class Settings(BaseModel):
    """What the environment says: `MEDIATHEQUE_` and the name in capitals. The stack's outputs give the resources."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bucket_name: str
    extraction_queue_url: str
    jobs_queue_url: str
    extraction_dead_letters_url: str
    media_dead_letters_url: str
    jobs_dead_letters_url: str
    media_queue_url: str
    users_table: str
    files_table: str
    tags_table: str
    metadata_table: str
    activity_table: str
    token_keys_arn: str
    commit: str = "unknown"
    mail_from: str
    cdn_domain: str = ""
    """The host of the CloudFront distribution before the bucket; empty: bytes come from S3 itself."""
    cdn_key_id: str = ""
    cdn_key_name: str = ""
    """The secret that holds the private key of signed addresses; `python -m infra.cdn_key` makes it."""
    cdn_distribution_id: str = ""
    base_url: str = "http://127.0.0.1:8000"
    """Where people reach the API; links in mails begin with it."""
    default_role: Role = Role.OPERATOR
    registration_open: bool = True
    require_verified_email: bool = False
    """Whether nobody signs in before the address was confirmed."""
    allowed_origins: WebOrigins = (ANY_ORIGIN,)
    """Whose pages may read what the API answers, with commas between them."""
    free_after_hours: PositiveInt = 24
    """How long the bytes of erased files stay; more than the hour for which an upload's address is good."""
    media_tools_expected: bool = False
    """While a machine without ffprobe builds one, audio and video wait instead of failing."""
    argon2_memory_kib: PositiveInt = 65_536
    size_limits: Json[dict[FileType, FileBytes]] = Field(default_factory=dict)
    """The most bytes a file may have by type, as JSON: {"video": 5368709120}; what is left out keeps its default."""
    allowed_extensions: Json[set[str]] = Field(default_factory=set)
    """Extensions of files that are taken, as JSON: ["jpg", "pdf"]; none: all that the library can examine."""
    malware_scan: Literal["off", "clamd", "guardduty"] = "off"
    """Who looks for malware before a file becomes ready."""
    clamd_address: str = "127.0.0.1:3310"
    quota_bytes: PositiveInt = 20 << 30
    """The most bytes that one account may hold."""
    multipart_from_bytes: FileBytes = MULTIPART_FROM
    route_metrics: bool = False
    """Whether CloudWatch gets the metrics of requests by route, too; each is billed by the month."""
    rates: Json[dict[str, PositiveInt]] = Field(default_factory=dict)
    """Quotas of rate limits by name, as JSON; `limits/rules.py` has their names, windows and defaults."""

    @field_validator("allowed_extensions")
    @classmethod
    def _known(cls, extensions: set[str]) -> set[str]:
        unknown = extensions - set(EXTENSIONS)
        if unknown:
            msg = f"has extensions that the library cannot examine: {', '.join(sorted(unknown))}"
            raise ValueError(msg)
        return extensions

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; raises pydantic's ValidationError naming what is missing."""
        ours = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environment.items()
            if name.startswith(PREFIX)
        }
        return cls.model_validate(ours)
