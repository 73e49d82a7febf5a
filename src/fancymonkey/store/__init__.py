"""Where the rows live: memory, a directory of JSON, SQLite, PostgreSQL. One contract: `base`."""
