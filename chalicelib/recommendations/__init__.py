"""Recommendations: which files go with a file."""
