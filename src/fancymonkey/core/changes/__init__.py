"""Changes of many rows at once, and their undo."""
