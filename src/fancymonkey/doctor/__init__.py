"""Finds what keeps a shop from running well, in plain words, with what to do about it."""
