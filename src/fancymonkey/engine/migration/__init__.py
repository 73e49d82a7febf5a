"""Moves a running shop to another store."""
