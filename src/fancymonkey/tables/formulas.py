"""Texts that a spreadsheet would run as a formula: made safe on the way out, and back again."""

import re

DANGEROUS = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""A text that a spreadsheet would run as a formula, or such a text made safe.

The last four are the full-width signs, which some spreadsheets take for the plain ones.
"""


def safe(text: str) -> str:
    """A text that no spreadsheet runs as a formula."""
    return f"'{text}" if DANGEROUS.match(text) else text


def unsafe(text: str) -> str:
    """Undoes `safe`."""
    return text[1:] if text.startswith("'") and DANGEROUS.match(text) else text
