"""Accounts, their passwords, sessions and tokens."""
