"""Tests. Helpers for all of them are in tests.support."""
