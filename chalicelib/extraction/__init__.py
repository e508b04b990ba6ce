"""What is inside a file: ranged bytes in, typed facts out, in confined processes, at a bounded price."""
