"""Builds what has to do with CloudFront, for stages that have a distribution."""

from typing import TYPE_CHECKING

from chalicelib.aws.cloudfront import Distribution, SignedByCloudFront
from chalicelib.aws.secrets import CachedSecret

if TYPE_CHECKING:
    from chalicelib.wiring import Library


def distribution(library: "Library") -> Distribution:
    """Build the distribution, which is told what to forget."""
    return Distribution(lambda: library.clients.cloudfront, library.settings.cdn_distribution_id)


def edge_signer(library: "Library") -> SignedByCloudFront:
    """Build what signs addresses of the distribution."""
    settings = library.settings
    secret = CachedSecret(lambda: library.clients.secrets, settings.cdn_key_name)
    return SignedByCloudFront(settings.cdn_domain, settings.cdn_key_id, secret, library.clock)
