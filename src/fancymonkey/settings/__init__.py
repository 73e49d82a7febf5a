"""Declares the settings, reads them from the environment, and checks them."""
