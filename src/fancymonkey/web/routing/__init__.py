"""Routes, and the dispatch of requests to handlers."""
