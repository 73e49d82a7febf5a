"""Pick lists and packing slips as PDF. Loaded only where one is made."""
