"""A stand-in for Stripe: speaks its HTTP API to its real libraries. No money ever moves here."""
