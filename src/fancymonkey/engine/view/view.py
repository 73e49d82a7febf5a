"""The shop in memory at a known revision, so that reads never touch the store."""

import heapq
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace

from fancymonkey.core.bundles.sales import BundleSales
from fancymonkey.core.ledger import CATALOGUE_KINDS, check_follows, evolve
from fancymonkey.core.locations.accounts import split_account
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Entry, Item, Kind, Level, Product, Reservation, split_sku
from fancymonkey.core.stock.sku_stock import SkuStock, best_of
from fancymonkey.engine.view.bundle_index import BundleIndex
from fancymonkey.engine.view.bundle_stock import bundle_back_by, bundle_stock
from fancymonkey.engine.view.live_holds import HeldUnits, HoldEnd, HoldEnds
from fancymonkey.engine.view.location_index import in_order, online_locations, sells_online, skus_at
from fancymonkey.engine.view.shared_texts import SharedTexts, share_in_items, share_in_levels
from fancymonkey.engine.view.stocked_rows import StockedRows
from fancymonkey.store.contract import StockSnapshot


class View(StockedRows):
    """A fold of the ledger, as new as the last commit applied to it.

    A hold no longer counts after its deadline, even before its `expired` entry is booked.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.products: dict[str, Product] = {}
        self.items: dict[str, Item] = {}
        self.levels: dict[tuple[str, str], Level] = {}
        self._accounts: dict[str, tuple[str, ...]] = {}
        """The accounts of each SKU: its locations, and the states of units not for sale."""
        self._shared_accounts: dict[tuple[str, ...], tuple[str, ...]] = {}
        """The different values of `_accounts`: most SKUs have the same."""
        self.bundles = BundleIndex()
        self.locations = in_order(())
        """Every location by its id, in the order of priority and id."""
        self.changed_locations_at = 0  # as `touched` has it for products
        self.has_several_locations, self.split_lines = False, True
        """Whether more than one is active. Whether a line may come from several of them."""
        self.sizes: dict[str, list[str]] = {}
        self.order: list[str] = []
        self.holds: dict[str, HeldUnits] = {}
        self.changes = 0
        self.touched: dict[str, int] = {}
        self._lapsed_units: dict[tuple[str, str], int] = {}
        self._due: list[HoldEnd] = []
        self._ends = HoldEnds()

    @property
    def has_unbooked_expiries(self) -> bool:
        """Whether due holds still wait for their `expired` entries."""
        return bool(self._lapsed_units)

    def _touch_bundles(self, sku: str) -> None:
        """Counts a change of a part as one of the products with bundles of it."""
        for product_id in self.bundles.products_of(sku):
            self._touch(product_id)

    def _touch(self, product_id: str) -> None:
        """Counts a visible change, so that caches of answers know when they are out of date."""
        self.changes += 1
        self.touched[product_id] = self.changes

    def reset(self, snapshot: StockSnapshot) -> None:
        """Replaces all data by the snapshot."""
        self.revision = snapshot.revision
        self.levels, self._accounts, self._shared_accounts = {}, {}, {}
        self.products, self.items = {}, {}
        self.holds, self._due, self._lapsed_units = {}, [], {}
        self._ends.clear()
        self.touched.clear()
        self._touch("")
        self.sizes, self.order = {}, []
        names = SharedTexts()
        share_in_items(snapshot.items, {row.product_id: row for row in snapshot.products}, names)
        self.bundles.clear()
        self.bundles.set_sales(snapshot.bundle_sales)
        self.set_catalogue(snapshot.products, snapshot.items)
        share_in_levels(snapshot.levels, self.items, names)
        for level in snapshot.levels:
            self._set_level(level)
        self.set_locations(snapshot.locations)
        for row in snapshot.holds:
            self._add_hold(row)

    def set_locations(self, rows: Iterable[Location]) -> set[str]:
        """Replaces the locations by these. The first location exists also without a row.

        Returns the SKUs with levels at a location that buyers see from now on, or no longer.
        """
        before = online_locations(self.locations)
        self.locations = in_order(rows)
        self.changed_locations_at = self.changes = self.changes + 1
        self.has_several_locations = sum(row.active for row in self.locations.values()) > 1
        switched = before ^ online_locations(self.locations)
        skus = skus_at(switched, self._accounts, self._shared_accounts)
        for sku in skus:
            self._touch(split_sku(sku)[0])
            self._touch_bundles(sku)
        return skus

    def set_bundle_sales(self, rows: Iterable[BundleSales]) -> set[str]:
        """Replaces the counts of these bundles; returns the bundles with another count."""
        changed = self.bundles.set_sales(rows)
        list(map(self._touch, {split_sku(sku)[0] for sku in changed}))
        return changed

    def set_catalogue(self, products: Iterable[Product], items: Iterable[Item]) -> None:
        """Replaces products and all their items with these rows."""
        items = list(items)
        changed, moved = {item.product_id for item in items}, False
        for product in products:
            old = self.products.get(product.product_id)
            moved = moved or old is None or old.position != product.position
            self.products[product.product_id] = product
            changed.add(product.product_id)
        rows: dict[str, set[str]] = {id_: set(self.sizes.get(id_, ())) for id_ in changed}
        stale = [row.sku for row in items if self.bundles.is_stale(self.items.get(row.sku), row)]
        for item in items:
            self.items[item.sku] = item
            rows[item.product_id].add(item.sku)
        self.bundles.update(self.items, stale)
        for item in items if self.bundles else ():
            self._touch_bundles(item.sku)
        for id_, skus in rows.items():
            self.sizes[id_] = sorted(skus, key=lambda sku: (self.items[sku].position, sku))
            self._touch(id_)
        if moved:
            self.order = sorted(self.products, key=lambda id_: (self.products[id_].position, id_))

    def apply(self, entries: Iterable[Entry]) -> set[str]:
        """Applies entries in order, skips known ones; returns products to read again.

        Raises ValueError if an entry is missing in between, InvariantBroken where one is wrong.
        """
        reread: set[str] = set()
        for entry in entries:
            if entry.revision <= self.revision:
                continue
            if entry.revision != self.revision + 1:
                raise ValueError(f"entry {self.revision + 1} is missing, got {entry.revision}")
            item = self.items.get(entry.sku)
            product_id = split_sku(entry.sku)[0] if item is None else item.product_id
            if product_id != entry.sku:
                key = (entry.sku, entry.location)
                level = self.levels.get(key) or Level(entry.sku, entry.location)
                self._set_level(evolve(level, entry))
            if entry.reservation_id is not None:
                self._follow_hold(entry, entry.reservation_id, (entry.sku, entry.location))
            if entry.kind in CATALOGUE_KINDS or entry.kind is Kind.LOCATION_EDITED:
                reread.add(product_id)
            self.revision = entry.revision
            self._touch(product_id)
            self._touch_bundles(entry.sku)
        return reread

    def take(self, entries: Iterable[Entry], levels: Mapping[Hashable, Level]) -> None:
        """Applies the next entries, of a batch that resulted in these levels.

        The same as `apply`, without computing the levels again. Raises ValueError if an entry is
        missing in between, InvariantBroken where the batch started from other levels.
        """
        before = self.levels
        begun: set[tuple[str, str]] = set()
        revision = self.revision
        for entry in entries:
            revision += 1
            if entry.revision != revision:
                raise ValueError(f"entry {revision} is missing, got {entry.revision}")
            key = (entry.sku, entry.location)
            if key not in begun:
                begun.add(key)
                check_follows(entry, before.get(key))
            if entry.reservation_id is not None:
                self._follow_hold(entry, entry.reservation_id, key)
        self.revision = revision
        for sku, _ in begun:
            item = self.items.get(sku)
            self._touch(split_sku(sku)[0] if item is None else item.product_id)
        if self.bundles:
            for sku, _ in begun:
                self._touch_bundles(sku)
        for level in levels.values():
            self._set_level(level)

    def _set_level(self, level: Level) -> None:
        key = (level.sku, level.location)
        if key not in self.levels:
            accounts = (*self._accounts.get(level.sku, ()), level.location)
            self._accounts[level.sku] = self._shared_accounts.setdefault(accounts, accounts)
        self.levels[key] = level

    def _add_hold(self, row: Reservation) -> None:
        hold = self.holds[row.reservation_id] = HeldUnits(row.expires_at)
        for allocation in row.allocations:
            hold.add(allocation.key, allocation.quantity)
        if row.expires_at is not None:
            heapq.heappush(self._due, HoldEnd(row.expires_at, row.reservation_id))

    def _follow_hold(self, entry: Entry, id_: str, key: tuple[str, str]) -> None:
        hold, until = self.holds.get(id_), entry.until
        if hold is None:
            if entry.reserved > 0:
                self._begin_hold(id_, until, key, entry.reserved)
            return
        if until != hold.until:
            hold.until = until
            if hold.lapsed:  # extended at the last moment: it counts again
                hold.lapsed = False
                for held, units in hold.units.items():
                    self._lapse_units(held, -units)
            if until is not None:
                heapq.heappush(self._due, HoldEnd(until, id_))
                if self._ends.heaps:
                    skus = [held[0] for held in hold.units]
                    self._ends.push(skus, until, id_, len(self.holds))
        if not entry.reserved:
            return
        if self._ends.heaps and until is not None and not hold.has_line(key):
            self._ends.push(key[:1], until, id_, len(self.holds))
        if hold.lapsed:
            self._lapse_units(key, entry.reserved)
        if not hold.add(key, entry.reserved):
            del self.holds[id_]

    def _begin_hold(self, id_: str, until: int | None, key: tuple[str, str], units: int) -> None:
        self.holds[id_] = HeldUnits(until, *key, units)
        if until is not None:
            heapq.heappush(self._due, HoldEnd(until, id_))
            if self._ends.heaps:
                self._ends.push(key[:1], until, id_, len(self.holds))

    def stop_counting_due(self, now: int) -> bool:
        """Stops counting holds whose deadline has passed; True if there was one."""
        any_due = False
        while self._due and self._due[0].until <= now:
            end = heapq.heappop(self._due)
            hold = self.holds.get(end.id)
            if hold is None or hold.until != end.until or hold.lapsed:
                continue
            hold.lapsed = any_due = True
            for key, units in hold.units.items():
                self._lapse_units(key, units)
                self._touch(split_sku(key[0])[0])
                self._touch_bundles(key[0])
        for sku in self.bundles.move_to(now):
            any_due = True
            self._touch(split_sku(sku)[0])
        return any_due

    def _lapse_units(self, key: tuple[str, str], units: int) -> None:
        left = self._lapsed_units.get(key, 0) + units
        if left:
            self._lapsed_units[key] = left
        else:
            self._lapsed_units.pop(key, None)

    def next_due(self) -> int | None:
        """The earliest deadline of a live hold, or date of a bundle (ms); None if there is none."""
        date, deadline = self.bundles.next_date(), self._next_deadline()
        return date if deadline is None or (date is not None and date < deadline) else deadline

    def _next_deadline(self) -> int | None:
        while self._due:
            end = self._due[0]
            hold = self.holds.get(end.id)
            if hold is not None and hold.until == end.until and not hold.lapsed:
                return end.until
            heapq.heappop(self._due)
        return None

    def level(self, sku: str, location: str) -> Level:
        """The level that counts now: without the units of holds past their deadline."""
        key = (sku, location)
        level = self.levels.get(key) or Level(sku, location)
        lapsed = self._lapsed_units.get(key)
        return level if not lapsed else replace(level, reserved=level.reserved - lapsed)

    def stock(self, sku: str) -> SkuStock:
        """The totals over the SKU's locations as they count now: see `level`.

        The stock of a bundle is the number that could be sold now.
        """
        return self._bundle_stock(sku, unsold=True) or self.own_stock(sku)

    def own_stock(self, sku: str) -> SkuStock:
        """The same, of a bundle only its pre-built units."""
        return self._stock(sku, self._accounts.get(sku, ()))

    def online_stock(self, sku: str) -> SkuStock:
        """The totals over the locations that sell online: the stock that buyers see."""
        return self._bundle_stock(sku, unsold=False) or self._online_stock(sku)

    def _bundle_stock(self, sku: str, *, unsold: bool) -> SkuStock | None:
        item = self.items.get(sku) if self.bundles else None
        if item is None or item.bundle is None:
            return None
        return bundle_stock(self, item, self._online_stock(sku), unsold=unsold)

    def _online_stock(self, sku: str) -> SkuStock:
        accounts = self._accounts.get(sku, ())
        if len(accounts) == 1 and len(self.locations) == 1:  # the usual case
            return self._stock(sku, accounts)
        if not accounts:  # true for most bundles
            return SkuStock(sku)
        online = [name for name in accounts if sells_online(self.locations, name)]
        stock = self._stock(sku, online)
        if not self.split_lines:
            stock = best_of(stock, [self._stock(sku, (name,)) for name in online])
        return stock

    def stock_at(self, sku: str, location: str) -> SkuStock:
        """The stock at one location, with its units that are not for sale."""
        accounts = self._accounts.get(sku, ())
        return self._stock(sku, [name for name in accounts if split_account(name)[0] == location])

    def stock_by_location(self, sku: str) -> dict[str, SkuStock]:
        """The stock at each location that has, or had, units of the SKU, in their order."""
        ids = {split_account(account)[0] for account in self._accounts.get(sku, ())}
        return {id_: self.stock_at(sku, id_) for id_ in self.locations if id_ in ids}

    def _stock(self, sku: str, accounts: Iterable[str]) -> SkuStock:
        item = self.items.get(sku)
        levels = (self.level(sku, account) for account in accounts)
        return SkuStock.of(sku, levels, () if item is None else item.safety_stock)

    def unbooked_expiries(self, sku: str, location: str | None) -> int:
        """The units of the SKU in holds whose time is up and that have no `expired` entry yet.

        Only those at a location, or (None) all.
        """
        accounts = self._accounts.get(sku, ()) if location is None else (location,)
        return sum(self._lapsed_units.get((sku, account), 0) for account in accounts)

    def back_by(self, sku: str, stock: SkuStock | None = None) -> int | None:
        """The time (ms) at which held units may be released; None unless holds take all the stock.

        `stock` is the stock that buyers see, if the caller has it already.
        """
        stock = self.online_stock(sku) if stock is None else stock
        if sku in self.bundles.recipes:
            return None if stock.available > 0 else bundle_back_by(self, self.items[sku])
        return None if stock.on_hand <= 0 or stock.available > 0 else self.first_end(sku)

    def first_end(self, sku: str) -> int | None:
        """The time (ms) at which the first hold with units of the size ends, or None."""
        return self._ends.first(sku, self.holds)
