"""Work for later: what a message in the queue `jobs` says."""

import json
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.core.errors import Malformed


class Kind(StrEnum):
    """What there is to do. Here, so that who does it imports no more than one job's own packages."""

    MAIL_VERIFICATION = "mail-verification"
    MAIL_RESET = "mail-reset"
    SIGN_IN_REFUSED = "sign-in-refused"
    ERASE = "erase-account"
    USES = "uses"
    PUBLISH = "publish"
    ORGANISE = "organise"
    RECEIVE = "receive"
    EXPORT = "export"


@dataclass(frozen=True)
class Job:
    """A kind of work and what it is about. Jobs may come twice and late: what handles one must not mind."""

    kind: str
    about: dict[str, str] = field(default_factory=dict)

    def to_text(self) -> str:
        """Render as the body of a message."""
        return json.dumps({"kind": self.kind, "about": self.about})

    @classmethod
    def from_text(cls, text: str) -> "Job":
        """Read what `to_text` wrote. Raises Malformed."""
        try:
            message = json.loads(text)
            return cls(message["kind"], dict(message["about"]))
        except (ValueError, TypeError, KeyError) as error:
            raise Malformed("This message is no job.") from error
