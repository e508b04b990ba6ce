"""The activity log: append-only, who did what to what, when, from where."""
