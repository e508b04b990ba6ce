"""What people find in their mail, read from the emulator's own inbox."""

import re
from typing import Any

from infra.local.embedded_aws.process import EmbeddedAws


def mails_to(aws: EmbeddedAws, address: str) -> list[dict[str, Any]]:
    """Return the messages to an address, oldest first."""
    return [mail for mail in aws.sent_mail() if address in mail["To"]]


def token_in(mail: dict[str, Any]) -> str:
    """Return the token in a mail's link, which must be the same in text and HTML."""
    link = re.search(r"https?://\S+#(\S+)", mail["BodyText"])
    assert link, mail["BodyText"]
    assert f'href="{link[0]}"' in mail["BodyHtml"]
    return link[1]
