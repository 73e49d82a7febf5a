"""Endpoints for locations, routing and transfers."""
