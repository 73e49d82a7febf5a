"""Endpoints for buyers and for Stripe."""
