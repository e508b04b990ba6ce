"""What botocore needs to find the local AWS, and nothing of the developer's own AWS.

Every process runs under the role that its function has in the cloud, and the embedded AWS enforces it.
Profiles in a config file make botocore assume the role and renew it before it expires.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = "root"
_LOOPBACK = "127.0.0.1,localhost"
DIRECT = Config(
    proxies={},  # never through a proxy, which the environment may name
    connect_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
)


@dataclass(frozen=True)
class Endpoint:
    """Where AWS is and who its root is."""

    url: str
    region: str
    access_key_id: str
    secret_access_key: str

    def root_session(self) -> boto3.Session:
        """Return a session as root, whatever the environment says."""
        return boto3.Session(self.access_key_id, self.secret_access_key, region_name=self.region)


def profiles_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return role ARNs by profile: the output `ExtractionRoleArn` is the profile `extraction`."""
    suffix = "RoleArn"
    return {key.removesuffix(suffix).lower(): arn for key, arn in outputs.items() if key.endswith(suffix)}


def write_profiles(folder: Path, endpoint: Endpoint, roles: Mapping[str, str]) -> None:
    """Write the two files that the environment names, readable by their owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sections = [f"[profile {ROOT}]\nregion = {endpoint.region}\n"]
    for profile, arn in roles.items():
        sections.append(
            f"[profile {profile}]\nregion = {endpoint.region}\nrole_arn = {arn}\n"
            f"source_profile = {ROOT}\nrole_session_name = {profile}-local\n"
        )
    _write_private(
        folder / "credentials",
        f"[{ROOT}]\naws_access_key_id = {endpoint.access_key_id}\n"
        f"aws_secret_access_key = {endpoint.secret_access_key}\n",
    )
    _write_private(folder / "config", "\n".join(sections))


def _write_private(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
    draft.replace(path)


def forget_own() -> None:
    """Take the developer's own AWS settings, files included, out of this process's environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def environment(
    inherited: Mapping[str, str], folder: Path, endpoint: Endpoint, profile: str
) -> dict[str, str]:
    """Return a process's environment: inherited, without any AWS setting but those of the local AWS."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    unproxied = ",".join(filter(None, [inherited.get("NO_PROXY", ""), _LOOPBACK]))
    return {
        **kept,
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_PROFILE": profile,
        "AWS_ENDPOINT_URL": endpoint.url,
        "AWS_REGION": endpoint.region,
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }
