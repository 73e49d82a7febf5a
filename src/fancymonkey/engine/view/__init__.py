"""The shop in memory: its rows at one revision, their indexes, and the feed of changes."""
