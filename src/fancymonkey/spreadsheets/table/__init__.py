"""The table of an export: its columns and rows, as CSV and XLSX."""
