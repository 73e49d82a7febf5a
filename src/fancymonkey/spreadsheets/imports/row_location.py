"""Identifies the location of a row, and reports rows with an unclear one."""

from collections.abc import Sequence
from dataclasses import replace

from fancymonkey.spreadsheets.cells.spreadsheet_changes import broken, tidy
from fancymonkey.spreadsheets.imports.current_stock import CurrentStock
from fancymonkey.spreadsheets.imports.import_plan import LOCATION_NOT_ALLOWED, level_key_of
from fancymonkey.spreadsheets.imports.near_keys import NearKeys
from fancymonkey.spreadsheets.table.columns import LOCATION, Record
from fancymonkey.store.products_file.edits.likely_location import likely_location
from fancymonkey.text import joined

COMPARED = 100
"""The number of unknown locations of a file that are compared letter by letter."""


class RowLocations:
    """The locations of the shop by id and by name, and what spreadsheets make of them."""

    def __init__(self, current: CurrentStock, limits: Sequence[str] = ()) -> None:
        """`limits` are the only locations that the caller may read and change; without any, all."""
        self._current = current
        self._limits = limits
        self._by_name: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        for location in current.locations.values():
            if location.name in self._by_name:
                self._by_name[location.name] = ""  # two of the same name: only the id is clear
            else:
                self._by_name[location.name] = location.key
        self._near = NearKeys((*current.locations, *self._by_name))

    def resolved(self, record: Record) -> Record:
        """The line with the id of its location, or with the fault of the cell."""
        text = record.cells.get(LOCATION)
        if self._limits:
            return self._within_limits(record, text or "")
        if text is None:
            return record
        if reason := broken(text):
            return self._faulty(record, reason)
        name = tidy(text)
        known = name if name in self._current.locations else self._by_name.get(name, "")
        if not known and name:
            return self._faulty(record, self._unknown(name))
        if not known and self._current.has_several_locations and _counts(record):
            words = f"this shop has several locations: write one of {self._listed()}"
            return self._faulty(record, words)
        if known == text:
            return record
        return replace(record, cells={**record.cells, LOCATION: known})

    def _within_limits(self, record: Record, text: str) -> Record:
        """The line with the id of an own location. Others are refused, known or not."""
        if record.fault:
            return record
        name = tidy(text)
        known = name if name in self._limits else self._by_name.get(name, "")
        if known in self._limits:
            return replace(record, cells={**record.cells, LOCATION: known})
        subject = f"it is for {name[:80]!r}" if name else "it names no location"
        words = f"{subject}: you are limited to {joined(self._limits)}"
        return replace(record, fault=words, fault_column=LOCATION, fault_code=LOCATION_NOT_ALLOWED)

    def _unknown(self, text: str) -> str:
        if text not in self._texts:
            self._texts[text] = self._unknown_text(text)
        return self._texts[text]

    def _unknown_text(self, text: str) -> str:
        near = self._near.find(text)
        near = self._by_name.get(near or "") or near
        if near is None and len(self._texts) < COMPARED:
            near = likely_location(text, self._current.locations.values())
        if near is None:
            return f"there is no location {text[:80]!r}: write one of {self._listed()}"
        return (
            f"there is no location {text[:80]!r}, but {near!r} exists (spreadsheets change "
            f"dates, zeros and spaces by themselves): write {near!r}"
        )

    def _listed(self) -> str:
        ids = [id_ for id_, location in self._current.locations.items() if location.active]
        return ", ".join(ids[:10]) + (", …" if len(ids) > 10 else "")

    @staticmethod
    def _faulty(record: Record, words: str) -> Record:
        return replace(record, fault=words, fault_column=LOCATION)


class DoubleCounts:
    """Finds sizes whose stock a file has both in total and at a location."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[bool, int]] = {}

    def complaint(self, record: Record) -> tuple[str, str] | None:
        """The error of a row that counts units of an earlier row, or None."""
        if LOCATION not in record.cells or not _counts(record):
            return None
        sku, location = level_key_of(record)
        at_location, row = self._rows.setdefault(sku, (bool(location), record.number))
        if at_location == bool(location):
            return None
        here, there = ("the total", "a location") if at_location else ("a location", "the total")
        return (
            LOCATION,
            f"this row has {here} of a size, and row {row} has {there}: keep one of them",
        )


def _counts(record: Record) -> bool:
    """Whether the line has a stock."""
    return bool(tidy(record.cells.get("stock", "")))
