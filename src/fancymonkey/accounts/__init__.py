"""Users, sessions, API keys, two-factor authentication and the audit log."""
