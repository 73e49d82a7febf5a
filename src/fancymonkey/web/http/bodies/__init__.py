"""JSON bodies: their types, their reading, and unknown fields."""
