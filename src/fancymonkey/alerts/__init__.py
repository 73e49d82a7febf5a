"""Alerts to the owner over channels, and signed webhooks to other systems."""
