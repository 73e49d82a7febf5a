"""Escapes texts that a spreadsheet would run as a formula, and unescapes them on import."""

import re

DANGEROUS = re.compile(r"""(?:^|(?<=[;|\t\r\n]))(?=['" ]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])""")
"""Places in a text where a spreadsheet would begin a formula, or where such a text was made safe.

The last four signs are the full-width ones, which some spreadsheets take for the plain ones. A
cell of ours may be split at a separator of another country, so a formula can begin behind one;
quotes and spaces in front of it do not help then.
"""


LEADING = re.compile(r"'*[\t\r\n]+")


def safe(text: str) -> str:
    """A text that no spreadsheet runs as a formula, for any separator."""
    for place in reversed(_places(text)):
        text = f"{text[:place]}'{text[place:]}"
    return text


def unsafe(text: str) -> str:
    """Reverses `safe`."""
    if "'" not in text:
        return text
    for place in reversed(_places(text)):
        if text[place] == "'":
            text = text[:place] + text[place + 1 :]
    return text


def _places(text: str) -> list[int]:
    """The escape of a match: white space at its start is kept as a whole."""
    match = [match.start() for match in DANGEROUS.finditer(text)]
    return [place for place in match if not LEADING.fullmatch(text, 0, place)]
