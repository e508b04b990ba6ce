"""HTTP's door: one module per resource, each route declared through `endpoint` and found through `routing`."""
