"""The doors of queues and schedules: one module per function."""
