"""Checkouts, Stripe events, refunds and reconciliation: everything between engine and Stripe."""
