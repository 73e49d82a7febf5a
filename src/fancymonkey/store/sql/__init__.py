"""Code shared by SQLite and PostgreSQL: columns, statements, migrations."""
