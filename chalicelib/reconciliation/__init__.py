"""Reconciliation: bucket and tables are compared, and what one has without the other is put right."""
