"""Endpoints for stock: rows, updates, moves, undo."""
