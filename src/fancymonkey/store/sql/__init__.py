"""What SQLite and PostgreSQL share: columns, statements, migrations."""
