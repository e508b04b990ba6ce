"""Exports: what is made of many files in the background, as one object to fetch."""
