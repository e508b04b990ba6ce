"""Publishing: the history of public content at the edge, and forgetting it there when it is public no more."""
