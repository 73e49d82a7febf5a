"""Measurements: `python -m bench` prints one table of ratios, all taken in one run."""
