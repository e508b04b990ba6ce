"""Quotas: how many bytes an owner may hold."""
