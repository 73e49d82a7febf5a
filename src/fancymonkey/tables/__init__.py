"""The stock as a table for spreadsheets: out, back in, and what taking it in would change."""
