"""Usage: how often files are looked at and fetched, as one process saw it."""
