"""`products.json`: read, written, and edited by hand."""
