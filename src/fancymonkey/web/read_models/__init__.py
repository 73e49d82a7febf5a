"""Stock as ready-made JSON, for buyers and for the owner."""
