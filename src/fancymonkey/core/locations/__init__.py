"""Locations: where stock is kept, and which location serves a line."""
