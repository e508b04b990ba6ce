"""Requests that are safe to repeat: one key, one effect, one answer."""
