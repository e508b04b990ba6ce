"""Organising: the same change to many files, at once or in the background."""
