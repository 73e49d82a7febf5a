"""Checkouts, what Stripe tells, refunds, reconciliation: where the engine and Stripe meet."""
