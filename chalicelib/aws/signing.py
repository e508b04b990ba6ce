"""Who signs the addresses under which stored bytes are fetched: S3 itself, or CloudFront before it."""

from collections.abc import Sequence
from typing import Protocol


class Signer(Protocol):
    """Signs addresses. What is signed cannot be changed: not the object, not its type, not its name, not its end."""

    def presign_get(self, key: str, *, content_type: str, disposition: str, seconds: int) -> str:
        """Return the signed address of an object, served under the given type and Content-Disposition."""


class Edge(Protocol):
    """What is said to the edge that keeps copies of what it served."""

    def invalidate(self, paths: Sequence[str], reference: str) -> bool:
        """Have paths forgotten, once however often the reference is sent; False when the edge is busy."""
