"""HTTP: messages, cookies, ETags, rate limits, headers."""
