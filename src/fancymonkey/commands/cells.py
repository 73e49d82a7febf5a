"""Cells of a table that somebody edited: texts to values."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from fancymonkey.core.model import MAX_QUANTITY

TEXT_MAX = 200


def plain(text: str) -> bool:
    """Whether a text is short and on one line."""
    return len(text) <= TEXT_MAX and not any(char < " " or char == "\x7f" for char in text)


def _text(text: str) -> str:
    if not plain(text):
        raise ValueError(f"a text of one line with at most {TEXT_MAX} characters")
    return text


def _name(text: str) -> str:
    if not text.strip():
        raise ValueError("a name")
    return _text(text)


def _optional(text: str) -> str | None:
    return _text(text) or None


def _price(text: str) -> Decimal | None:
    text = text.strip()
    if text and not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text):
        raise ValueError("a price: write 58 or 58.50")
    return Decimal(text) if text else None


def _quantity(text: str) -> int:
    text = text.strip()
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > MAX_QUANTITY:
        raise ValueError(f"a whole number from 0 to {MAX_QUANTITY}")
    return int(text)


def _bool(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.strip().lower() not in words:
        raise ValueError("true or false")
    return words[text.strip().lower()]


def _date(text: str) -> str | None:
    if text:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("a date: write 2026-01-31 or 2026-01-31T12:00:00Z") from None
    return text or None


PARSERS: dict[str, Callable[[str], Any]] = {
    "name": _name,
    "category": _text,
    "price": _price,
    "restockDate": _date,
    "skuId": _optional,
    "priceId": _optional,
    "lowStockThreshold": _quantity,
    "soldOut": _bool,
    "stock": _quantity,
}
"""How the cell of a column is read; each raises ValueError with what the text is not."""


def alike(column: str, text: str, other: str) -> bool:
    """Whether two cells say the same; spreadsheets write `TRUE` and `58.5` their own way."""
    if text == other:
        return True
    if column == "soldOut":
        return text.strip().lower() == other.lower()
    if column in ("price", "stock", "lowStockThreshold") and text.strip() and other:
        try:
            return bool(PARSERS[column](text) == PARSERS[column](other))
        except ValueError:
            return False
    return False
