"""Moving a running shop to another store."""
