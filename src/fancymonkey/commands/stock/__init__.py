"""Commands for units: locations, transfers, and the explanation of a number."""
