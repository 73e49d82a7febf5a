"""Rules for the text of keys and names: allowed characters, and keys that look alike.

Normal forms are those of Unicode (UAX #15). Look-alike letters follow the idea of the skeleton in
UTS #39, reduced to the Greek and Cyrillic letters that look like Latin ones.
"""

import unicodedata

_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters and marks that draw nothing, although their category says otherwise.
_BLANK = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
_EMOJI_JOINERS = {"\u200d", "\ufe0f"}  # part of many emoji: allowed in names, not in keys

_LATIN_OF = dict(
    zip(
        "авекмнорстухіјѕԁԛԝгпѵһӏ" + "αβεικνορτυχϲϳ",
        "abekmhopctyxijsdqwrnvhl" + "abeiknoptuxcj",
        strict=True,
    )
)
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2032": "'", "\u2033": '"'}


def normal_form(text: str) -> str:
    """The text in the one form in which keys and names are kept: NFC."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_invisible(character: str) -> bool:
    """Whether a character draws nothing (and is not a space) or changes the writing direction."""
    return (
        unicodedata.category(character) in _INVISIBLE_CATEGORIES
        or character in _BLANK
        or "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
    )


def key_fault(text: str) -> str | None:
    """The reason why a text is not a valid key (product id, size, account name), or None.

    The length is not checked.
    """
    if text.isascii() and text.isprintable():
        return _space_fault(text)
    for position, character in enumerate(text, start=1):
        if is_invisible(character):
            return f"Character {position} is invisible ({_code(character)}). Remove it."
        if character.isspace() and character != " ":
            return (
                f"Character {position} is an unusual space ({_code(character)}). Use a plain space."
            )
        if unicodedata.category(character) == "Nd" and not character.isascii():
            return f"Character {position} is not a digit from 0 to 9 ({_code(character)})."
    return _space_fault(text)


def name_fault(text: str) -> str | None:
    """The reason why a text is not a valid name for people to read, or None.

    Emoji and no-break spaces are valid.
    """
    if text.isascii() and text.isprintable():
        return None
    for position, character in enumerate(text, start=1):
        if character not in _EMOJI_JOINERS and is_invisible(character):
            return f"Character {position} is invisible ({_code(character)}). Remove it."
    return None


def skeleton(text: str) -> str:
    """The look of a key: two keys with the same skeleton can hardly be distinguished by eye.

    Compatibility forms, case, all white space, invisible characters, kinds of dashes and quotes,
    digits of other scripts, and Greek or Cyrillic letters that look Latin are made equal.
    """
    looks: list[str] = []
    for character in unicodedata.normalize("NFKC", text).casefold():
        if character.isspace() or is_invisible(character):
            continue
        if character in _DASHES:
            looks.append("-")
        elif unicodedata.category(character) == "Nd":
            looks.append(str(unicodedata.digit(character)))
        else:
            looks.append(_QUOTES.get(character) or _LATIN_OF.get(character, character))
    return unicodedata.normalize("NFC", "".join(looks))


def _space_fault(text: str) -> str | None:
    if text != text.strip():
        return "Remove the space before or after it."
    return None


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
