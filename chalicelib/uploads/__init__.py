"""Uploads: how bytes come in."""
