"""Attacks by one client on a running service, and what an honest buyer notices of them."""
