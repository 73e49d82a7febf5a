"""Finds problems of a shop, and names the remedy of each."""
