"""Reads rows again that other processes have changed, and shows them."""

import asyncio
import logging
from collections.abc import Iterable
from typing import TypeVar

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Row
from fancymonkey.core.state import Rows
from fancymonkey.engine.view.feed import Feed
from fancymonkey.engine.view.location_index import LOCATIONS
from fancymonkey.engine.view.view import View
from fancymonkey.errors import StoreError
from fancymonkey.store.contract import Commit, Store

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
R = TypeVar("R", bound=Row)


class Reload:
    """The rows that the ledger does not contain: catalogue, locations, counts of bundles."""

    def __init__(self, view: View, feed: Feed) -> None:
        self._view = view
        self._feed = feed
        self._edits = 0

    def shown(self) -> None:
        """Records that newer rows are shown now: what is being read may be older."""
        self._edits += 1

    def show(self, commit: Commit) -> None:
        """Shows the rows that a commit of this process changed, except for its levels."""
        changed: Rows = commit.changed
        if commit.products or commit.items:
            self.shown()
            self._view.set_catalogue(commit.products, commit.items)
        locations = changed.get(Location)
        if locations:
            self.shown()
            rows = [*self._view.locations.values(), *locations.values()]
            self._feed.ring(self._view.bundles.with_bundles(self._view.set_locations(rows)))
        sales = changed.get(BundleSales)
        if sales:
            self.shown()
            self._view.set_bundle_sales(sales.values())

    async def products(self, store: Store, product_ids: set[str]) -> None:
        """Reads products, and the locations where their marker is among them, and shows them."""
        while True:
            edits = self._edits
            try:
                products, items = await store.catalogue(product_ids - {LOCATIONS})
                locations = await _all(store, Location) if LOCATIONS in product_ids else None
            except StoreError as error:
                log.warning("cannot reload products, the store is unavailable: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if edits == self._edits:  # else the rows read may be older than the view
                break
        self._view.set_catalogue(products, items)
        skus = set() if locations is None else self._view.set_locations(locations)
        self._feed.ring(self._view.bundles.with_bundles(skus | product_ids))

    def concerns_bundles(self, entries: Iterable[Entry]) -> bool:
        """Whether these entries of another process may have changed counts of bundles."""
        return bool(self._view.bundles) and any(entry.reservation_id for entry in entries)

    async def bundle_sales(self, store: Store) -> None:
        """Reads the counts of bundles, and shows them."""
        while True:
            edits = self._edits
            try:
                rows = await _all(store, BundleSales)
            except StoreError as error:
                log.warning("cannot reload bundles, the store is unavailable: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if edits == self._edits:
                break
        changed = self._view.set_bundle_sales(rows)
        if changed:
            self._feed.ring(changed)


async def _all(store: Store, kind: type[R]) -> list[R]:
    return [row async for row in store.scan(kind)]
