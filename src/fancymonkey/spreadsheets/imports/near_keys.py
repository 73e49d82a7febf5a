"""Keys that are similar to existing ones: mistyped, or changed by a spreadsheet."""

from collections.abc import Iterable
from decimal import Decimal

from fancymonkey.core.keys import skeleton
from fancymonkey.spreadsheets.cells.dates import days_of, shows_date
from fancymonkey.spreadsheets.cells.numbers import meanings, precision_of, rounded
from fancymonkey.spreadsheets.cells.spreadsheet_changes import shows
from fancymonkey.spreadsheets.cells.switches import SWITCHES

QUOTES = "'\"\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb`\u00b4"
"""Quotes around a key, from a file that a program has quoted twice or in its own way."""


class NearKeys:
    """Keys by their look and by the values that a spreadsheet may take them for."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._looks: dict[str, str] = {}
        self._numbers: dict[Decimal, str] = {}
        self._days: dict[tuple[int, int], list[str]] = {}
        self._times: list[str] = []
        self._words: list[str] = []
        self._rounded: dict[int, dict[Decimal, str]] = {}
        for key in keys:
            self._looks.setdefault(skeleton(key), key)
            for number in meanings(key):
                self._numbers.setdefault(number, key)
            for _, month, day in days_of(key):
                self._days.setdefault((month, day), []).append(key)
            if ":" in key:
                self._times.append(key)
            if any(key.casefold() in words for words in SWITCHES):
                self._words.append(key)

    def find(self, text: str) -> str | None:
        """The existing key that this text is similar to, or None."""
        bare = text.strip().strip(QUOTES)
        look = self._looks.get(skeleton(text)) or self._looks.get(skeleton(bare))
        return look or self._by_number(bare) or self._by_date(bare)

    def _by_number(self, text: str) -> str | None:
        shown = meanings(text)
        for number in shown:
            if number in self._numbers:
                return self._numbers[number]
        digits = precision_of(text)
        if not shown or digits is None:
            return None
        if digits not in self._rounded:  # once for each precision, for any number of rows
            self._rounded[digits] = {
                short: key
                for number, key in self._numbers.items()
                for short in rounded(number, digits)
            }
        keys = (self._rounded[digits].get(number) for number in shown)
        return next((key for key in keys if key), None)

    def _by_date(self, text: str) -> str | None:
        days = {(month, day) for _, month, day in days_of(text)}
        for place in days:
            for key in self._days.get(place, ()):
                if shows_date(text, key):
                    return key
        if ":" in text:
            return next((key for key in self._times if shows_date(text, key)), None)
        return next((key for key in self._words if shows(text, key)), None)
