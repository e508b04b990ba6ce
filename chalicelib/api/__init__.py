"""HTTP's door: one blueprint per resource, each route declared through `endpoint`."""
