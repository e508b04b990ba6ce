"""Content: bytes under the name of their hash, counted by the files that point to them."""
