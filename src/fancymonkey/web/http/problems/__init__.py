"""Errors and refusals as problem details."""
