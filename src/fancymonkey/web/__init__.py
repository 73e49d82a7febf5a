"""HTTP: the only layer that knows the wire."""
