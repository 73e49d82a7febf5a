"""The bodies and answers of the endpoints of the dashboard."""
