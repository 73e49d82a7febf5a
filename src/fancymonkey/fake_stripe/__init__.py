"""A stand-in for Stripe, for demos and tests."""
