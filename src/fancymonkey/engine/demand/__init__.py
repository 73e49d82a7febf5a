"""Units that were sold, returned and turned away, by hour and by day."""
