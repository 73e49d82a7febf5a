"""`products.json`: reading, writing, and edits by hand."""
