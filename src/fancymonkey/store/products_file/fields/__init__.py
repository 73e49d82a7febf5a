"""The fields of `products.json`: their names and values."""
