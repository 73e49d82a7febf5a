"""Attacks that once succeeded, and variations of them."""
