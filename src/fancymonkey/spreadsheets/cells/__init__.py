"""Cells: texts of many countries and programs, as values."""
