"""Intake: what happens when bytes have arrived."""
