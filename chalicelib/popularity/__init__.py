"""Popularity: how often files were looked at and fetched in all, and which most."""
