"""Finds outdated values in a saved products.json: older values that others have changed since.

A value is the owner's edit, unless an older version of the file has the same value and another
actor has changed it since. `lastUpdated` shows which versions an editor may have had open; if it
matches none, it may have been any of them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fancymonkey.core.catalogue.field_changes import WIRE
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.model import Entry, Kind, split_sku
from fancymonkey.store.products_file.edits.bundle_edits import ACTOR
from fancymonkey.store.products_file.edits.diff import Products
from fancymonkey.store.products_file.edits.mistakes import Before
from fancymonkey.store.products_file.edits.older_versions import MatchingVersions, OlderVersions
from fancymonkey.store.products_file.fields.size_locations import LocationUnits
from fancymonkey.store.products_file.read import Described, Size, time_of

Since = Callable[[int], Awaitable[list[Entry]]]
"""All entries after a revision."""

_PRODUCT_VALUES = ("name", "category", "price", "restock_date")
_ITEM_VALUES = ("sku_id", "price_id", "low_stock_threshold", "sold_out")
_NOTES = frozenset({Kind.ADDED, Kind.EDITED, Kind.REMOVED})


@dataclass(slots=True)
class EditedVersions:
    """The older versions that a file is an edit of.

    `bases` are the products to compare with, `revisions` the revisions of the edited versions,
    `missing` the products that the edited version did not have yet. `notes` are texts about ignored
    values, `doubts` about values that were probably, but not certainly, outdated.
    """

    bases: dict[str, Described] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


async def stale_in(
    file: Products, written: Sequence[Products], past: OlderVersions, since: Since, at: int
) -> EditedVersions:
    """Compares a file with the older versions. `at` is the revision of the latest version."""
    stale = EditedVersions()
    if not written:
        return stale
    latest = written[-1]
    stale.revisions = {id_: past.revision(id_) or at for id_ in file}
    edited = await asyncio.to_thread(_edited_products, file, written, past)
    absent = [id_ for id_ in latest if id_ not in file]
    revisions = [version[0] for product in edited for version in product.candidates]
    if not edited or not revisions:
        return stale
    changes = _Changes(await since(min(revisions)))
    for product in edited:
        product.judge(changes, stale)
    ends = [product.end for product in edited if product.end is not None]
    if ends:
        stale.missing = {id_ for id_ in absent if past.began(id_) >= min(ends)}
        stale.notes += [f"{id_}: it was added since, and stays" for id_ in sorted(stale.missing)]
    return stale


def _edited_products(
    file: Products, written: Sequence[Products], past: OlderVersions
) -> list["_EditedProduct"]:
    """The products of a file that differ from the last written versions."""
    return [
        _EditedProduct.of(described, written[-1].get(id_), past.versions(id_, described.stamp))
        for id_, described in file.items()
        if not any(_same(described, version.get(id_)) for version in written)
    ]


def _same(left: Described, other: Described | None) -> bool:
    return other is not None and left == other and left.stamp == other.stamp


class _Changes:
    """Changes by other actors than the file: the latest revision of each kind of change."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._stock: dict[str, int] = {}
        self._stock_at: dict[tuple[str, str], int] = {}
        self._notes: dict[str, int] = {}
        for entry in entries:
            if entry.actor == ACTOR:
                continue
            if entry.on_hand and is_for_sale(entry.location):
                self._stock[entry.sku] = entry.revision
                self._stock_at[entry.sku, entry.location] = entry.revision
            if entry.kind in _NOTES:
                self._notes[entry.sku] = entry.revision
                product_id = split_sku(entry.sku)[0]
                self._notes[f"{product_id}/*/"] = entry.revision

    def stock(self, sku: str, after: int) -> bool:
        """Whether the stock of a SKU has changed."""
        return self._stock.get(sku, 0) > after

    def stock_at(self, sku: str, location: str, after: int) -> bool:
        """Whether the stock of a SKU at a location has changed."""
        return self._stock_at.get((sku, location), 0) > after

    def item(self, sku: str, after: int) -> bool:
        """Whether fields of a size were changed, or it was added or removed."""
        return self._notes.get(sku, 0) > after

    def product(self, product_id: str, after: int) -> bool:
        """Whether fields of a product, or of any of its sizes, were changed."""
        return self._notes.get(f"{product_id}/*/", 0) > after


@dataclass(slots=True)
class _EditedProduct:
    """A product of the file, and the versions that it may be an edit of, the newest first."""

    file: Described
    latest: Described | None
    candidates: list[tuple[int, Described]]
    end: int | None
    """The revision from which on the file is certainly outdated, if known."""
    sure: bool

    @staticmethod
    def of(file: Described, latest: Described | None, past: MatchingVersions) -> "_EditedProduct":
        same = [version for version in past.versions if _same_stamp(file, version[1])]
        fresh = latest is not None and _same_stamp(file, latest)
        chosen = same if same or fresh else past.versions
        sure = bool(same) and not fresh
        end = past.followed if sure else None
        return _EditedProduct(file, latest, chosen[::-1], end, sure)

    def judge(self, changes: _Changes, stale: EditedVersions) -> None:
        """Adds the base of this product, and texts about its outdated values."""
        id_, latest = self.file.product.product_id, self.latest
        if not self.candidates:
            return
        if self.sure:
            stale.revisions[id_] = self.candidates[0][0]
        if latest is None:
            if changes.product(id_, self.candidates[0][0]):
                stale.bases[id_] = self.file
                stale.notes.append(f"{id_}: it was taken off sale since, and stays off sale")
            return
        texts: list[str] = []
        product = replace(latest.product, **self._product(changes, latest, texts))
        sizes = tuple(self._sizes(changes, latest, texts, stale.doubts))
        if texts or self.sure:
            stale.bases[id_] = replace(latest, product=product, sizes=sizes)
        (stale.notes if self.sure else stale.doubts).extend(texts)

    def _product(self, changes: _Changes, latest: Described, texts: list[str]) -> dict[str, Any]:
        id_ = latest.product.product_id
        values: dict[str, Any] = {}
        for name in _PRODUCT_VALUES:
            versions = [(at, getattr(old.product, name)) for at, old in self.candidates]
            value, now = getattr(self.file.product, name), getattr(latest.product, name)
            if _old(value, now, versions, lambda at: changes.product(id_, at)):
                values[name] = value
                texts.append(_outdated_text(id_, name, value, now))
        values["extra"] = self._extra(
            self.file.product.extra,
            latest.product.extra,
            [old.product.extra for _, old in self.candidates],
            changes.product(id_, self.candidates[0][0]),
        )
        return values

    def _sizes(
        self, changes: _Changes, latest: Described, texts: list[str], counted: list[str]
    ) -> Iterator[Size]:
        file = {size.item.sku: size for size in self.file.sizes}
        now = {size.item.sku: size for size in latest.sizes}
        for sku, size in now.items():
            if sku in file:
                yield self._size(changes, file[sku], size, texts, counted)
            elif not self._added_since(changes, sku):
                yield size
            else:
                texts.append(f"{sku}: it was added since, and stays")
        for sku, size in file.items():
            if sku not in now and self._removed_since(changes, sku):
                texts.append(f"{sku}: it was taken off sale since, and stays off sale")
                yield size

    def _size(
        self, changes: _Changes, file: Size, now: Size, texts: list[str], counted: list[str]
    ) -> Size:
        sku = now.item.sku
        versions = [
            (at, size) for at, old in self.candidates for size in old.sizes if size.item.sku == sku
        ]
        stocks = [(at, size.stock) for at, size in versions]
        stock = now.stock
        if _old(file.stock, now.stock, stocks, lambda at: changes.stock(sku, at)):
            stock = file.stock
            texts.append(_outdated_text(sku, "stock", file.stock, now.stock))
        elif self.sure and file.stock != stock and changes.stock(sku, self.candidates[0][0]):
            counted.append(
                f"{sku}: stock {file.stock} was typed into an older version of the file; it "
                f"counts, although the stock has changed since"
            )
        since = self.candidates[0][0]
        extras = [size.item.extra for _, size in versions]
        extra = self._extra(file.item.extra, now.item.extra, extras, changes.item(sku, since))
        values: dict[str, Any] = {"extra": extra}
        for name in _ITEM_VALUES:
            value, present = getattr(file.item, name), getattr(now.item, name)
            old = [(at, getattr(size.item, name)) for at, size in versions]
            if _old(value, present, old, lambda at: changes.item(sku, at)):
                values[name] = value
                texts.append(_outdated_text(sku, name, value, present))
        locations = self._locations(changes, file, now, versions, texts)
        return replace(now, item=replace(now.item, **values), stock=stock, locations=locations)

    def _locations(
        self,
        changes: _Changes,
        file: Size,
        now: Size,
        versions: list[tuple[int, Size]],
        texts: list[str],
    ) -> dict[str, LocationUnits]:
        """The units by location to compare with."""
        if not any(size.locations for size in (file, *(old for _, old in versions))):
            return {}  # at that time all units were at the default location
        sku, units = now.item.sku, dict(now.locations)
        for location in file.locations:
            value, present = file.stock_at(location), now.stock_at(location)
            old = [(at, size.stock_at(location)) for at, size in versions]

            def changed(at: int, location: str = location) -> bool:
                return changes.stock_at(sku, location, at)

            if _old(value, present, old, changed):
                units[location] = LocationUnits(value)
                texts.append(_outdated_text(f"{sku} at {location}", "stock", value, present))
        return units

    def _added_since(self, changes: _Changes, sku: str) -> bool:
        """Whether another actor has added a size since a version without it."""
        without = [at for at, old in self.candidates if sku not in _skus(old)]
        return bool(without) and changes.item(sku, max(without))

    def _removed_since(self, changes: _Changes, sku: str) -> bool:
        having = [at for at, old in self.candidates if sku in _skus(old)]
        return bool(having) and changes.item(sku, max(having))

    def _extra(self, file: str, now: str, versions: list[str], changed: bool) -> str:
        """The owner's fields to compare with; known fields added since are ignored."""
        if not self.sure or file == now:
            return now
        old = changed and any(_own(file) == _own(version) for version in versions)
        return file if old or _own(file) == _own(now) else now


def _own(extra: str) -> dict[str, Any]:
    """The owner's fields of a row without the known ones, which are null there."""
    return {name: value for name, value in json.loads(extra).items() if value is not None}


def _old(
    value: Any, now: Any, versions: list[tuple[int, Any]], changed: Callable[[int], bool]
) -> bool:
    """Whether a value is of an older version, and another actor has changed it since."""
    if value == now:
        return False
    at = next((revision for revision, old in versions if old == value), None)
    return at is not None and changed(at)


def _outdated_text(key: str, name: str, value: Any, now: Any) -> str:
    outdated = json.dumps(value, default=str, ensure_ascii=False)
    present = json.dumps(now, default=str, ensure_ascii=False)
    return f"{key}: {WIRE.get(name, name)} {outdated} is of an older version; it stays {present}"


def _same_stamp(left: Described, other: Described) -> bool:
    """Whether two versions have the same `lastUpdated`: the same text, or the same time."""
    if left.stamp == other.stamp:
        return True
    times = [time_of(json.loads(text)) for text in (left.stamp, other.stamp) if text[:1] == '"']
    return len(times) == 2 and times[0] is not None and times[0] == times[1]


def _skus(described: Described) -> set[str]:
    return {size.item.sku for size in described.sizes}


def versions_of(file: Products, written: Sequence[Products], past: OlderVersions) -> Before:
    """The versions that each product of a file may be an edit of."""
    before: dict[str, list[Described]] = {}
    for id_, described in file.items():
        versions = before[id_] = [version[id_] for version in written if id_ in version]
        if versions and not any(_same_stamp(described, version) for version in versions):
            older = past.versions(id_, described.stamp)
            product = _EditedProduct.of(described, versions[-1], older)
            versions += [old for _, old in product.candidates] if product.sure else []
    return before
