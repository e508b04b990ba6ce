"""Malware: whoever scans, nothing becomes ready before it is clean."""
