"""Detects sizes that become low at one location, once each, as they do in total."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fancymonkey.alerts import event_texts
from fancymonkey.alerts.events import AlertEvent
from fancymonkey.alerts.ledger_events import stock_now
from fancymonkey.alerts.stock_thresholds import KnownBand, StockNow, begin, cross
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.model import Entry
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.documents import DocumentCollection
from fancymonkey.engine.engine import Engine
from fancymonkey.settings.event_names import EventName

AFTER_LOW = (EventName.STOCK_LOW, EventName.STOCK_OUT)
"""A location without any unit is low as well: the shop may still sell from others."""


@dataclass(slots=True)
class _UnitsChange:
    """The change of the units for sale of a size at a location: available, and not sold."""

    available: int = 0
    unsold: int = 0


@dataclass(slots=True)
class LocationThresholds:
    """The bands of the sizes at each location, by `location/sku`."""

    engine: Engine
    bands: DocumentCollection[KnownBand]
    known: dict[str, KnownBand] = field(default_factory=dict)

    async def read(self) -> None:
        """Reads the stored bands. Raises StoreError."""
        self.known = {stored.name: stored.value for stored in await self.bands.all()}

    def crossings(
        self, entries: Iterable[Entry], revision: int, at: int
    ) -> tuple[dict[str, KnownBand], list[AlertEvent]]:
        """The new bands, and the events of the sizes that became low at a location."""
        view = self.engine.view
        bands: dict[str, KnownBand] = {}
        events = []
        for row, location_id, change in self._changed(entries):
            name = f"{location_id}/{row.item.sku}"
            now = stock_now(row)
            before = StockNow(
                now.available - change.available, now.unsold - change.unsold, now.threshold
            )
            old = self.known.get(name) or begin(before)
            band, crossed = cross(old, now)
            if band != self.known.get(name):
                bands[name] = band
            if crossed in AFTER_LOW and not row.item.sold_out:
                location = view.locations[location_id]
                events.append(event_texts.low_at(location, row, revision, at))
        return bands, events

    def _changed(self, entries: Iterable[Entry]) -> Iterator[tuple[StockRow, str, _UnitsChange]]:
        """The sizes on sale whose units for sale changed at an open location."""
        changes: dict[tuple[str, str], _UnitsChange] = {}
        for entry in entries:
            if "/" in entry.sku and is_for_sale(entry.location):
                change = changes.setdefault((entry.sku, entry.location), _UnitsChange())
                change.available += entry.on_hand - entry.reserved - entry.allocated
                change.unsold += entry.on_hand - entry.allocated
        view = self.engine.view
        for (sku, location_id), change in changes.items():
            item, location = view.items.get(sku), view.locations.get(location_id)
            product = None if item is None else view.products.get(item.product_id)
            if item is None or product is None or location is None or not location.active:
                continue
            if item.archived or product.archived or item.bundle is not None:
                continue
            yield StockRow(product, item, view.stock_at(sku, location_id)), location_id, change
