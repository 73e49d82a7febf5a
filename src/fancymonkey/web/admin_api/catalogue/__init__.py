"""Endpoints for products, bundles, and tables of them."""
