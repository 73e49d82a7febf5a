"""Stock levels: changes, backorders, status."""
