"""Holds: reserve, capture, release, expire, and their limits."""
