"""Rate limits: how often something may be done in a stretch of time."""
