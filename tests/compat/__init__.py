"""Data that earlier versions have written."""
