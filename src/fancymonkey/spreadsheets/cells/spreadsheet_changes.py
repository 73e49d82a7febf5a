"""Changes that spreadsheet programs make by themselves, and cells without a value."""

import re

from fancymonkey.core.keys import is_invisible, normal_form
from fancymonkey.spreadsheets.cells.dates import shows_date
from fancymonkey.spreadsheets.cells.numbers import shows_number
from fancymonkey.spreadsheets.cells.switches import SWITCHES

UNRESOLVED = "\0"
"""Begins the text of a formula without a result; no file can contain this character in a text."""

ERRORS = frozenset(
    [
        "#n/a",
        "#nv",
        "#n/d",
        "#n/d!",
        "#n/b",
        "#nd",
        "#i/t",
        "#ref!",
        "#bezug!",
        "#rif!",
        "#verw!",
        "#¡ref!",
        "#div/0!",
        "#¡div/0!",
        "#deel/0!",
        "#name?",
        "#nom?",
        "#nome?",
        "#¿nombre?",
        "#naam?",
        "#num!",
        "#zahl!",
        "#¡num!",
        "#nombre!",
        "#getal!",
        "#null!",
        "#nul!",
        "#¡nulo!",
        "#nullo!",
        "#nulo!",
        "#value!",
        "#wert!",
        "#valeur!",
        "#valore!",
        "#valor!",
        "#¡valor!",
        "#waarde!",
        "#getting_data",
        "#spill!",
        "#überlauf!",
        "#calc!",
        "#kalk!",
        "#field!",
        "#feld!",
        "#blocked!",
        "#blockiert!",
        "#unknown!",
        "#connect!",
        "#busy!",
        "#saknas!",
        "#puuttuu!",
        "#adr!",
        "#arg!",
        "#н/д",
        "#знач!",
        "#ссылка!",
        "#имя?",
        "#число!",
        "#дел/0!",
        "#пусто!",
        "#error!",
        "#fehler!",
        "#num!",
        "#leeg!",
        "#núm!",
        "#python!",
    ]
)
"""Error values of spreadsheets in several languages."""


def tidy(text: str) -> str:
    """A text without spaces around it and without invisible characters at its ends."""
    if text.isascii():
        return text.strip()
    text = normal_form(text)
    start, end = 0, len(text)
    while start < end and _is_blank(text[start]):
        start += 1
    while end > start and _is_blank(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_blank(char: str) -> bool:
    return char.isspace() or (not char.isascii() and char != "\ufe0f" and is_invisible(char))


def broken(text: str) -> str | None:
    """The reason why a cell has no value, as a sentence about the cell; None if it has one."""
    if text.startswith(UNRESOLVED):
        return (
            f"{text[1:81]!r} is a formula without a result: save the file in your spreadsheet "
            "program, and import it again (text that begins with = needs a leading ')"
        )
    if "#" not in text and ":" not in text:
        return None
    plain = text.strip().casefold()
    if plain in ERRORS or re.fullmatch(r"(?:err|fehler|erreur|error|errore|erro):[0-9]{3}", plain):
        return f"{text.strip()!r} is a spreadsheet error, not a value"
    if re.fullmatch("#{3,}", plain):
        return f"{plain[:20]!r} is from a column too narrow to show its value"
    return None


def shows(text: str, value: str, *, number: bool = False) -> bool:
    """Whether a spreadsheet may have made this text from a value by itself. `number`: it is one."""
    if not text or not value or text.startswith(UNRESOLVED):
        return False
    if number:
        return shows_number(text, value, exact=True)
    return (
        tidy(text).lstrip("'") == tidy(value)
        or shows_number(text, value)
        or shows_date(text, value)
        or any(text.casefold() in words and value.casefold() in words for words in SWITCHES)
    )
