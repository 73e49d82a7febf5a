"""Fancy Monkey Inventory: stock, holds and sales that always add up."""

__version__ = "0.1.0"
