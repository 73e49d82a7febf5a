"""The store of JSON files: a journal and its snapshots."""
