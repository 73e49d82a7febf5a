"""Demand turned away for lack of stock, counted in memory and stored in portions."""

from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.group_answers import GroupAnswer
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.model import TurnedAway
from fancymonkey.core.outcomes import Answer, Code, Refused
from fancymonkey.core.records import RecordTurnedAway
from fancymonkey.timestamps import local_day

HOUR = 3_600_000
PORTION = 500


def turned_away_command(rows: tuple[TurnedAway, ...], zone: ZoneInfo) -> RecordTurnedAway:
    """The command that adds these rows, each to its hour and to its day in a time zone.

    An hour belongs to the day on which it begins.
    """
    days = tuple(local_day(row.hour * HOUR, zone) for row in rows)
    return RecordTurnedAway(rows=rows, zone=zone.key, days=days)


class TurnedAwayDemand:
    """Counts refused reserves per SKU and hour until they are taken."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, int], tuple[int, int]] = {}

    def count(self, command: Command, answer: Answer, now: int) -> None:
        """Counts the lines of a reserve that lacked stock; ignores all other commands.

        A reserve inside a group counts as well, as at the checkout.
        """
        if not isinstance(answer, Refused):
            return
        if isinstance(command, Reserve):
            self._refused(answer.code, answer.detail, now)
        elif isinstance(command, CommandGroup) and isinstance(answer.detail, GroupAnswer):
            for part, row in zip(command.commands, answer.detail.rows, strict=True):
                if isinstance(row, Refused):  # the first one: a release alone may be tried again
                    if isinstance(part, Reserve):
                        self._refused(row.code, row.detail, now)
                    break

    def _refused(self, code: str, faults: Any, now: int) -> None:
        if code in (Code.INSUFFICIENT_STOCK, Code.SOLD_OUT):
            for fault in faults:
                self._add(fault["sku"], now // HOUR, 1, fault["requested"])
                for sku in fault.get("scarce", ()):  # of a bundle: its part was wanted too
                    self._add(sku, now // HOUR, 1, fault["requested"])

    def take(self) -> tuple[TurnedAway, ...]:
        """Removes and returns a portion of the counts; empty when there are none."""
        keys = list(islice(self._counts, PORTION))
        return tuple(TurnedAway(*key, *self._counts.pop(key)) for key in keys)

    def give_back(self, rows: tuple[TurnedAway, ...]) -> None:
        """Counts rows again that could not be stored."""
        for row in rows:
            self._add(row.sku, row.hour, row.requests, row.units)

    def _add(self, sku: str, hour: int, requests: int, units: int) -> None:
        before = self._counts.get((sku, hour), (0, 0))
        self._counts[(sku, hour)] = (before[0] + requests, before[1] + units)
