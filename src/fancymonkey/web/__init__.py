"""HTTP: endpoints, pages and the server."""
