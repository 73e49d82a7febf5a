"""Backups, restores, and the history of a folder in git."""
