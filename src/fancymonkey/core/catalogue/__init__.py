"""Products and their sizes."""
