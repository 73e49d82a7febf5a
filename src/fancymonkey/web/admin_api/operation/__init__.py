"""Endpoints for operation: overview, alerts, jobs, webhooks, migration."""
