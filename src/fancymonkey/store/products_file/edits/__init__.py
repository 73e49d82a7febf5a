"""Edits of `products.json` by hand: recognised, checked, turned into commands."""
