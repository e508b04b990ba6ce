"""Files: what people see of their content."""
