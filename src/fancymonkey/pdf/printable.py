"""Text that the font of the documents can print; a visible mark replaces every other character."""

import unicodedata
from collections.abc import Container

REPLACEMENT = "\N{WHITE SQUARE}"
"""The character that stands for one that cannot be printed."""

TEXT_MAX = 2000
"""The most characters of one text; a longer one ends with an ellipsis."""

LAST = 0xFFFF
"""The last character that the library writes in a form from which a reader can copy it."""

RIGHT_TO_LEFT = ("R", "AL", "AN")
JOINED_SCRIPTS = ("LAO ", "THAI ")
"""Scripts whose letters change with their neighbours. The library draws each letter alone."""


class Printable:
    """Makes texts printable, and counts the characters that are replaced."""

    def __init__(self, glyphs: Container[int]) -> None:
        """`glyphs` are the code points of the font."""
        self._glyphs = glyphs
        self.replaced: dict[str, int] = {}

    def text(self, text: str) -> str:
        """The text in one line, with the replacement for each character that cannot be printed.

        Control characters are spaces, invisible format characters are left out.
        """
        composed = unicodedata.normalize("NFC", text)
        if len(composed) > TEXT_MAX:
            composed = composed[: TEXT_MAX - 1] + "…"
        return " ".join("".join(map(self._printed, composed)).split())

    def _printed(self, char: str) -> str:
        category = unicodedata.category(char)
        if category in ("Cc", "Zl", "Zp", "Zs"):
            return " "
        if category == "Cf":
            return ""
        if ord(char) <= LAST and ord(char) in self._glyphs and not _needs_shaping(char):
            return char
        script = script_of(char)
        self.replaced[script] = self.replaced.get(script, 0) + 1
        return REPLACEMENT


def script_of(char: str) -> str:
    """The script of a character in a word, such as `Hebrew`; else `U+` and its number."""
    name = unicodedata.name(char, "")
    words = name.split()
    if len(words) > 1 and words[1] in ("LETTER", "UNIFIED", "SYLLABLE", "CHARACTER", "VOWEL"):
        return "CJK" if words[0] == "CJK" else words[0].title()
    return f"U+{ord(char):04X}"


def _needs_shaping(char: str) -> bool:
    if unicodedata.bidirectional(char) in RIGHT_TO_LEFT:
        return True
    return unicodedata.name(char, "").startswith(JOINED_SCRIPTS)
