"""Mediatheque on the command line."""
