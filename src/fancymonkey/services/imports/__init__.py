"""Imports: read and planned, applied, one after another."""
