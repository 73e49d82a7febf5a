"""Versioned documents of the layers above."""
