"""Erasure: an account with everything that it owns."""
