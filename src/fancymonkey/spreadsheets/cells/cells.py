"""Parses edited cells of a table: texts to values."""

import contextlib
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.keys import name_fault
from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.spreadsheets.cells.bundle_text import bundle_text, read_bundle
from fancymonkey.spreadsheets.cells.dates import parsed_date
from fancymonkey.spreadsheets.cells.numbers import is_ambiguous, without_groups, without_noise
from fancymonkey.spreadsheets.cells.spreadsheet_changes import tidy
from fancymonkey.spreadsheets.cells.switches import NO, YES

TEXT_MAX = 200
URL_MAX = 2000
BUNDLE_MAX = 20_000


def plain(text: str) -> bool:
    """Whether a text is short and on one line."""
    return len(text) <= TEXT_MAX and not any(char < " " or char == "\x7f" for char in text)


def _text(text: str) -> str:
    text = tidy(text)
    if not plain(text):
        raise ValueError(f"one line of text with at most {TEXT_MAX} characters")
    fault = name_fault(text)
    if fault is not None:
        raise ValueError(f"a valid text: {fault[0].lower()}{fault[1:-1]}")
    return text


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("a name")
    return _text(text)


def _optional(text: str) -> str | None:
    return _text(text) or None


def _price(text: str) -> Decimal | None:
    """A price. Three digits after a single point or comma are ambiguous."""
    text = without_noise(text.strip())
    if not text:
        return None
    if is_ambiguous(text):
        digits = re.sub("[.,]", "", text)
        raise ValueError(f"an unambiguous price: write {digits}, or {text.replace(',', '.')}0")
    return exact_price(without_groups(text))


def exact_price(text: str) -> Decimal:
    """A price whose point or comma clearly separates decimals. Raises ValueError."""
    if not re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,6})?", text):
        raise ValueError("a price: write 58 or 58.50")
    return Decimal(text.replace(",", "."))


def _quantity(text: str) -> int:
    text = without_groups(without_noise(text.strip()))
    match = re.fullmatch(r"([0-9]{1,10})([.,]0{1,2})?", text)
    if match is None or int(match[1]) > MAX_QUANTITY:
        raise ValueError(f"a whole number from 0 to {MAX_QUANTITY}")
    return int(match[1])


def _bool(text: str) -> bool:
    word = tidy(text).lower()
    if word not in YES and word not in NO:
        raise ValueError("true or false")
    return word in YES


def _date(text: str) -> str | None:
    text = text.strip()
    if not text:
        return None
    if len(text) > TEXT_MAX:
        raise ValueError("a date: write 2026-01-31 or 2026-01-31T12:00:00Z")
    return parsed_date(text)


def picture(text: str) -> str | None:
    """The URL of an image. Raises ValueError."""
    text = text.strip()
    if not text:
        return None
    try:
        parts = urlsplit(text)
        fine = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        fine = fine and "@" not in parts.netloc
    except ValueError:
        fine = False
    if not fine or len(text) > URL_MAX or not re.fullmatch(r"[!#-;=?-Z\[\]_a-z~]+", text):
        raise ValueError("an image URL that begins with https:// and has no spaces")
    return text


def loadable(text: str) -> bool:
    """Whether a page may load an image from there."""
    try:
        return picture(text) is not None
    except ValueError:
        return False


def _bundle(text: str) -> Definition | None:
    if len(text) > BUNDLE_MAX:
        raise ValueError(f"a bundle: it has more than {BUNDLE_MAX} characters")
    return read_bundle(tidy(text))


PARSERS: dict[str, Callable[[str], Any]] = {
    "name": _name,
    "category": _text,
    "price": _price,
    "image": picture,
    "restockDate": _date,
    "skuId": _optional,
    "priceId": _optional,
    "lowStockThreshold": _quantity,
    "soldOut": _bool,
    "stock": _quantity,
    "bundle": _bundle,
}
"""The parser of each column; each raises ValueError with a description of a valid value."""


def canonical(column: str, text: str) -> str:
    """The canonical text of a cell; spreadsheets write `TRUE` and `58.5` in their own ways."""
    if column == "price":
        return _digits(text)
    if column == "bundle":
        try:
            return bundle_text(read_bundle(tidy(text)))
        except ValueError:
            return text
    if column in ("lowStockThreshold", "stock", "soldOut", "restockDate"):
        try:
            value = PARSERS[column](text)
        except ValueError:
            return text
        return "" if value is None else str(value)
    return tidy(text)


def _digits(text: str) -> str:
    """A number without redundant zeros, also if it is too large for a price."""
    with contextlib.suppress(ValueError):
        _price(text)
        text = without_groups(without_noise(text.strip())).replace(",", ".")
    match = re.fullmatch(r"0*([0-9]+)(?:\.([0-9]*?)0*)?", text)
    if match is None:
        return text
    return f"{match[1]}.{match[2]}" if match[2] else match[1]


def alike(column: str, text: str, other: str) -> bool:
    """Whether two cells have the same value."""
    return text == other or canonical(column, text) == canonical(column, other)
