"""Holds and orders."""
