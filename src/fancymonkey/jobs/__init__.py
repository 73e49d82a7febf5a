"""Scheduled jobs: run by one of all processes, with each run and its result stored."""
