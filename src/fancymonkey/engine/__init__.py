"""Time and concurrency: the queue, the expiry of holds, the live view, its subscribers."""
