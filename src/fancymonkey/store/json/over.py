"""Finished rows: they leave memory with the next snapshot, and are found in the archive."""

from collections.abc import Callable
from typing import Any

from fancymonkey.core.documents.document import Document
from fancymonkey.core.model import HELD, Event, Outcome, Reservation, Row, SessionLink
from fancymonkey.core.orders.rows import Order
from fancymonkey.core.payments.rows import Checkout
from fancymonkey.core.rows import ROWS
from fancymonkey.store.in_memory.rows import RowsInMemory

Over = dict[type[Row], list[Row]]
Kept = list[tuple[type[Row], list[Row]]]


def split_rows(image: RowsInMemory, now: int) -> tuple[Kept, Over]:
    """The rows in memory: those of the next snapshot, and those that are finished at a time (ms).

    The archive has no personal data of buyers: it must be possible to erase that, and files of the
    archive never change.
    """
    tests = _tests(image, now)
    remaining, over = [], {}
    for kind in ROWS:
        rows, test = list(image.rows[kind].values()), tests.get(kind)
        if test is not None and (ended := [row for row in rows if test(row)]):
            over[kind] = ended
            rows = [row for row in rows if not test(row)]
        remaining.append((kind, rows))
    return remaining, over


def _tests(image: RowsInMemory, now: int) -> dict[type[Row], Callable[[Any], bool]]:
    """For each kind, whether a row is finished; rows of other kinds never are."""
    holds = image.rows[Reservation]

    def ended(row: Any) -> bool:
        hold = dict.get(holds, row.reservation_id)
        return hold is None or hold.status is not HELD

    return {
        Reservation: lambda row: row.status is not HELD,
        SessionLink: ended,
        Checkout: ended,
        Outcome: lambda _: True,
        Event: lambda _: True,
        Order: lambda row: not any(units.open for units in row.units),
        Document: lambda row: row.until is not None and row.until < now,
    }


def drop_archived(image: RowsInMemory, over: Over) -> None:
    """Removes rows from memory that are in the archive now, except those changed since."""
    for kind, archived in over.items():
        present = image.rows[kind]
        image.drop(kind, [row.key for row in archived if dict.get(present, row.key) is row])
