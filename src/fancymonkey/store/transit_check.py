"""Compares the units in transit at each location with its sent transfers."""

from collections.abc import Iterator

from fancymonkey.core.locations.accounts import StockState, split_account
from fancymonkey.core.model import Entry
from fancymonkey.core.transfers.moves import transit_of
from fancymonkey.core.transfers.transfer import ON_THE_WAY, Transfer
from fancymonkey.core.verify import Finding, Rule
from fancymonkey.store.contract import Store
from fancymonkey.text import counted

Key = tuple[str, str]


class TransitCheck:
    """The transfers at one revision, and the units in transit that the ledger has then."""

    def __init__(self, revision: int) -> None:
        self.revision = revision
        self._transfers: dict[Key, int] = {}
        self._ledger: dict[Key, int] = {}
        self._ended: list[Transfer] = []

    def transfer(self, row: Transfer) -> None:
        """Takes a transfer."""
        if row.status not in ON_THE_WAY and row.in_transit:
            self._ended.append(row)
        for line in row.lines:
            key = (line.sku, transit_of(row))
            self._transfers[key] = self._transfers.get(key, 0) + line.in_transit

    def entry(self, entry: Entry) -> None:
        """Takes an entry of the ledger; later ones than the transfers do not count."""
        if entry.revision <= self.revision and entry.on_hand:
            if split_account(entry.location)[1] is StockState.IN_TRANSIT:
                key = (entry.sku, entry.location)
                self._ledger[key] = self._ledger.get(key, 0) + entry.on_hand

    def findings(self) -> Iterator[Finding]:
        """Yields a finding for each account that differs from its transfers."""
        for row in self._ended:
            yield Finding(
                Rule.TRANSIT,
                f"transfer {row.number} is {row.status} and has "
                f"{counted(row.in_transit, 'unit')} in transit",
            )
        for key in sorted(self._transfers.keys() | self._ledger.keys()):
            units, booked = self._transfers.get(key, 0), self._ledger.get(key, 0)
            if units != booked:
                yield Finding(
                    Rule.TRANSIT,
                    f"{key[0]} at {key[1]}: the transfers have {counted(units, 'unit')} in "
                    f"transit, the ledger {booked}",
                    None,
                    key[0],
                )


async def transit_check(store: Store) -> TransitCheck:
    """The check of a store, with its transfers at one revision; the caller hands it the ledger."""
    async with store.frozen() as snapshot:
        check = TransitCheck(snapshot.revision)
        async for row in snapshot.scan(Transfer):
            check.transfer(row)
    return check
