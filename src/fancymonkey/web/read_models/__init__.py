"""Stock as prepared JSON, for buyers and for the owner."""
