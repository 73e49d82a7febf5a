"""Pick lists and packing slips as PDF. Loaded only to make one."""
