"""Commands that run, check and look after the service."""
