"""What the library writes to people, as text and as HTML.

The token stands behind the `#` of a link: what follows it is not sent to any server, so no log has it.
"""

from html import escape
from urllib.parse import quote

from chalicelib.aws.mail import Message

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 2em auto; padding: 0 1em">
<h1 style="font-size: 1.3em">{title}</h1>
<p>{reason}</p>
<p><a href="{link}" style="display: inline-block; padding: .6em 1.2em; background: #1f4e79; color: #fff;
 text-decoration: none; border-radius: .3em">{button}</a></p>
<p style="color: #555">{life} If the button does not work, open this address:<br><a href="{link}">{link}</a></p>
<p style="color: #555">{otherwise}</p>
</body></html>
"""
TEXT = """{title}

{reason}

{link}

{life}
{otherwise}
"""


def verification(base_url: str, token: str) -> Message:
    """Return the mail that asks whether an address is the account's."""
    return _message(
        f"{base_url}/account/verify-email#{quote(token)}",
        title="Confirm your e-mail address",
        reason="An account at Mediatheque was opened with this address.",
        button="Confirm the address",
        life="The link is good for three days, once.",
        otherwise="If that was not you, do nothing: without this confirmation the address counts as unproven.",
    )


def reset(base_url: str, token: str) -> Message:
    """Return the mail with which a new password is chosen."""
    return _message(
        f"{base_url}/account/password-reset#{quote(token)}",
        title="Choose a new password",
        reason="Somebody asked for a new password for your account at Mediatheque.",
        button="Choose a password",
        life="The link is good for 30 minutes, once.",
        otherwise="If that was not you, do nothing: your password stays as it is.",
    )


def _message(link: str, **words: str) -> Message:
    html = PAGE.format(link=escape(link), **{name: escape(text) for name, text in words.items()})
    return Message(words["title"], TEXT.format(link=link, **words), html)
