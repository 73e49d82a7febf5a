"""Time and concurrency: the queue, expiry to the second, the live view, who listens."""
