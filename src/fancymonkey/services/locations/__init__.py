"""Locations, the routing of orders, and transfers."""
