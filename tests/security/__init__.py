"""The security requirements as a table, and what can be read from the source."""
