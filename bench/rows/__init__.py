"""The rows of the table, by topic. Each file has functions that measure and give rows."""
