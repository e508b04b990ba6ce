"""Mediatheque's code: `api` and `events` are its doors, the domains are inside, `aws` and `core` are below."""

VERSION = "0.1.0"
