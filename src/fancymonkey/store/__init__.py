"""The stores: memory, JSON files, SQLite, PostgreSQL. All follow one contract: `contract`."""
