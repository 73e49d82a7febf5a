"""A fake of Stripe, for demos and tests."""
