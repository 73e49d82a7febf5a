"""Endpoints for holds, payments and orders."""
