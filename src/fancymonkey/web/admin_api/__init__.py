"""Endpoints for the owner and the staff."""
