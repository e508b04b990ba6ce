"""Dead letters: messages that no worker could handle in five tries."""
