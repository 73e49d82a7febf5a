"""The address of a client, and the limits for it."""
