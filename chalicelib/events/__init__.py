"""The doors of queues and schedules: one module per function, each with a plain Lambda handler."""
