"""A load rehearsal against the running shop."""
