"""Undoable changes, and their undo."""
