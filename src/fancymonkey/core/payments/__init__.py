"""Checkouts, refunds and payment issues."""
