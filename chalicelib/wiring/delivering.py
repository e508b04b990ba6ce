"""Builds what hands files out: what is shared with one, and how bytes are delivered."""

import functools

from chalicelib.accounts.service import Accounts
from chalicelib.aws.bucket import Bucket
from chalicelib.aws.clients import Clients
from chalicelib.aws.secrets import CachedSecret
from chalicelib.aws.signing import Signer
from chalicelib.core.clock import Clock
from chalicelib.files.service import Files
from chalicelib.settings import Settings
from chalicelib.sharing.grants import Grants
from chalicelib.sharing.received import Received


class Delivering:
    """The part of the library that hands files out; built when first asked for."""

    accounts: Accounts
    files: Files
    grants: Grants

    @functools.cached_property
    def received(self) -> Received:
        """Return what lists the files that others share with one."""
        return Received(self.grants.store, self.files, self.files.owner_active.among, self.grants.cursors)


def build_signer(settings: Settings, clients: Clients, bucket: Bucket, clock: Clock) -> Signer:
    """Return who signs the addresses of bytes: CloudFront where there is a distribution, else S3."""
    if not settings.cdn_domain:
        return bucket
    from chalicelib.aws.cloudfront import SignedByCloudFront  # noqa: PLC0415 - only where it is configured

    secret = CachedSecret(lambda: clients.secrets, settings.cdn_key_name)
    return SignedByCloudFront(settings.cdn_domain, settings.cdn_key_id, secret, clock)
