"""What every answer says to browsers, the gateway's own answers too: they cannot miss it, here or in the cloud."""

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",  # browsers heed it over TLS only
    "X-Content-Type-Options": "nosniff",
}
"""A view may say otherwise."""
