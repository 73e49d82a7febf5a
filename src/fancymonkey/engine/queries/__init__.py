"""Answers that are read from the store and the ledger, without a command."""
