"""Commands for holds, payments and orders."""
