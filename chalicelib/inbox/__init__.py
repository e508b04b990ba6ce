"""Inbox: files that owners ask for, and that people without an account send by a link."""
