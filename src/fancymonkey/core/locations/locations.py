"""The names of locations."""

DEFAULT_LOCATION = "main"
"""The location that the edges of the service name as long as a shop has no other.

Only code that reads the requests and files of people uses it: the core and the layers on it take
the location from their caller.
"""
