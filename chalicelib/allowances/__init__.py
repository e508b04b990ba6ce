"""Allowances: what may be uploaded, as admins set it."""
