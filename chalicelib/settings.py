"""What the environment says, read once.

Plain dataclasses, because every start reads them: pydantic alone would be a fifth of it.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Self

from chalicelib.core.caller import Role
from chalicelib.extraction.filetypes import EXTENSIONS
from chalicelib.uploads.sizes import DEFAULT_LIMITS, MAX_LIMIT, MULTIPART_FROM

PREFIX = "MEDIATHEQUE_"
ANY_ORIGIN = "*"
WEB_ORIGIN = re.compile(r"\*|https?://[^/\s,*]+")
"""As browsers send it: scheme, host and port, without a path."""


class SettingsInvalid(Exception):
    """What the environment says will not do; the message names each variable that is wrong, or lacking."""


def origins_of(text: str) -> tuple[str, ...]:
    """Return the origins of a list with commas; one `*` among them stands for all. Raises ValueError."""
    origins = tuple(origin.strip() for origin in text.split(",") if origin.strip())
    if not origins or not all(WEB_ORIGIN.fullmatch(origin) for origin in origins):
        raise ValueError("takes origins such as https://example.org, with commas between them, or *")
    return (ANY_ORIGIN,) if ANY_ORIGIN in origins else origins


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError("is true or false")
    return text.lower() == "true"


def _positive(value: object, most: int | None = None) -> int:
    number = int(str(value)) if str(value).isdecimal() else 0
    if number < 1 or (most is not None and number > most):
        raise ValueError(f"takes numbers from 1{f' to {most}' if most else ''}")
    return number


def _file_bytes(value: object) -> int:
    return _positive(value, MAX_LIMIT)


def _numbers(text: str, number: Callable[[object], int] = _positive) -> dict[str, int]:
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("is an object in JSON")  # noqa: TRY004 - what is wrong is a value
    return {name: number(value) for name, value in given.items()}


def _size_limits(text: str) -> dict[str, int]:
    limits = _numbers(text, _file_bytes)
    _refuse_unknown(set(limits) - set(DEFAULT_LIMITS), "has types of files that there are none of")
    return limits


def _extensions(text: str) -> set[str]:
    given = json.loads(text)
    if not isinstance(given, list):
        raise ValueError("is a list in JSON")  # noqa: TRY004 - as above
    _refuse_unknown(set(given) - set(EXTENSIONS), "has extensions that the library cannot examine")
    return set(given)


def _scanner(text: str) -> str:
    _refuse_unknown({text} - {"off", "clamd", "guardduty"}, "is off, clamd or guardduty")
    return text


def _refuse_unknown(names: set[Any], what: str) -> None:
    if names:
        raise ValueError(f"{what}: {', '.join(sorted(map(str, names)))}")


def _by(reader: Callable[[str], object]) -> Mapping[str, Callable[[str], object]]:
    return {"reader": reader}


@dataclass(frozen=True)
class Settings:
    """What the environment says: `MEDIATHEQUE_` and the name in capitals. The stack's outputs give the resources."""

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
    mail_from: str
    commit: str = "unknown"
    cdn_domain: str = ""
    """The host of the CloudFront distribution before the bucket; empty: bytes come from S3 itself."""
    cdn_key_id: str = ""
    cdn_key_name: str = ""
    """The secret that holds the private key of signed addresses; `python -m infra.cdn_key` makes it."""
    cdn_distribution_id: str = ""
    base_url: str = "http://127.0.0.1:8000"
    """Where people reach the API; links in mails begin with it."""
    default_role: Role = field(default=Role.OPERATOR, metadata=_by(Role))
    registration_open: bool = field(default=True, metadata=_by(_truth))
    require_verified_email: bool = field(default=False, metadata=_by(_truth))
    """Whether nobody signs in before the address was confirmed."""
    allowed_origins: tuple[str, ...] = field(default=(ANY_ORIGIN,), metadata=_by(origins_of))
    """Whose pages may read what the API answers, with commas between them."""
    free_after_hours: int = field(default=24, metadata=_by(_positive))
    """How long the bytes of erased files stay; more than the hour for which an upload's address is good."""
    media_tools_expected: bool = field(default=False, metadata=_by(_truth))
    """While a machine without ffprobe builds one, audio and video wait instead of failing."""
    argon2_memory_kib: int = field(default=65_536, metadata=_by(_positive))
    size_limits: Mapping[str, int] = field(default=MappingProxyType({}), metadata=_by(_size_limits))
    """The most bytes a file may have by type, as JSON: {"video": 5368709120}; what is left out keeps its default."""
    allowed_extensions: AbstractSet[str] = field(default=frozenset(), metadata=_by(_extensions))
    """Extensions of files that are taken, as JSON: ["jpg", "pdf"]; none: all that the library can examine."""
    malware_scan: str = field(default="off", metadata=_by(_scanner))
    """Who looks for malware before a file becomes ready."""
    clamd_address: str = "127.0.0.1:3310"
    quota_bytes: int = field(default=20 << 30, metadata=_by(_positive))
    """The most bytes that one account may hold."""
    multipart_from_bytes: int = field(default=MULTIPART_FROM, metadata=_by(_file_bytes))
    route_metrics: bool = field(default=False, metadata=_by(_truth))
    """Whether CloudWatch gets the metrics of requests by route, too; each is billed by the month."""
    rates: Mapping[str, int] = field(default=MappingProxyType({}), metadata=_by(_numbers))
    """Quotas of rate limits by name, as JSON; `limits/rules.py` has their names, windows and defaults."""

    @classmethod
    def required(cls) -> list[str]:
        """Return the names of the settings that must be said."""
        return [one.name for one in fields(cls) if one.default is MISSING]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings. Raises SettingsInvalid."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for one in fields(cls):
            name = PREFIX + one.name.upper()
            if name in environment:
                try:
                    values[one.name] = one.metadata.get("reader", str)(environment[name])
                except ValueError as error:
                    wrong.append(f"{name} {error}")
            elif one.default is MISSING:
                wrong.append(f"{name} is not set")
        if wrong:
            raise SettingsInvalid("; ".join(wrong))
        return cls(**values)
