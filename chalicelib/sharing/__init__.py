"""Sharing: links that anyone may open who has them, for as long and as often as their owner says."""
