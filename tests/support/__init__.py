"""Real servers for tests and benchmarks: PostgreSQL, the program itself, a browser."""
