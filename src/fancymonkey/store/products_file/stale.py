"""What in a saved products.json is old news: values of an older version that others have changed.

A value is the owner's edit unless an older version of the file said the same and somebody else has
changed it since. `lastUpdated` shows which versions an editor may have had open; where it matches
none, any of them may be meant.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fancymonkey.core.catalogue.field_changes import WIRE
from fancymonkey.core.model import Entry, Kind, split_sku
from fancymonkey.store.products_file.diff import ACTOR, Products
from fancymonkey.store.products_file.mistakes import Before
from fancymonkey.store.products_file.older_versions import Found, OlderVersions
from fancymonkey.store.products_file.read import Described, Size, time_of

Since = Callable[[int], Awaitable[list[Entry]]]
"""All entries after a revision."""

_PRODUCT_VALUES = ("name", "category", "price", "restock_date")
_ITEM_VALUES = ("sku_id", "price_id", "low_stock_threshold", "sold_out")
_NOTES = frozenset({Kind.ADDED, Kind.EDITED, Kind.REMOVED})


@dataclass(slots=True)
class Stale:
    """What a file is an edit of, where that is not the latest version.

    `bases` are the products as they have to be compared, `revisions` those of the versions that
    were edited, `missing` the products that the file could not have yet. `notes` say what was left
    as it is, `doubts` the same where the file may as well have meant it.
    """

    bases: dict[str, Described] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


async def stale_in(
    file: Products, written: Sequence[Products], past: OlderVersions, since: Since, at: int
) -> Stale:
    """Compares a file with the older versions. `at` is the revision of the latest version."""
    found = Stale()
    if not written:
        return found
    latest = written[-1]
    found.revisions = {id_: past.revision(id_) or at for id_ in file}
    told = await asyncio.to_thread(_all_told, file, written, past)
    gone = [id_ for id_ in latest if id_ not in file]
    revisions = [version[0] for one in told for version in one.candidates]
    if not told or not revisions:
        return found
    changes = _Changes(await since(min(revisions)))
    for one in told:
        one.judge(changes, found)
    ends = [one.end for one in told if one.end is not None]
    if ends:
        found.missing = {id_ for id_ in gone if past.began(id_) >= min(ends)}
        found.notes += [f"{id_}: it was added since, and stays" for id_ in sorted(found.missing)]
    return found


def _all_told(file: Products, written: Sequence[Products], past: OlderVersions) -> list["_Told"]:
    """The products of a file that differ from what was written last."""
    return [
        _Told.of(described, written[-1].get(id_), past.versions(id_, described.stamp))
        for id_, described in file.items()
        if not any(_same(described, version.get(id_)) for version in written)
    ]


def _same(one: Described, other: Described | None) -> bool:
    return other is not None and one == other and one.stamp == other.stamp


class _Changes:
    """What others than the file have changed: the latest revision of each kind of change."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._stock: dict[str, int] = {}
        self._notes: dict[str, int] = {}
        for entry in entries:
            if entry.actor == ACTOR:
                continue
            if entry.on_hand:
                self._stock[entry.sku] = entry.revision
            if entry.kind in _NOTES:
                self._notes[entry.sku] = entry.revision
                product_id = split_sku(entry.sku)[0]
                self._notes[f"{product_id}/*/"] = entry.revision

    def stock(self, sku: str, after: int) -> bool:
        """Whether units of a SKU came or went."""
        return self._stock.get(sku, 0) > after

    def item(self, sku: str, after: int) -> bool:
        """Whether fields of a size were changed, or it came or went."""
        return self._notes.get(sku, 0) > after

    def product(self, product_id: str, after: int) -> bool:
        """Whether fields of a product, or of any of its sizes, were changed."""
        return self._notes.get(f"{product_id}/*/", 0) > after


@dataclass(slots=True)
class _Told:
    """What a file says of one product, and the versions that it may be an edit of, new to old."""

    file: Described
    latest: Described | None
    candidates: list[tuple[int, Described]]
    end: int | None
    """The revision at which the file was certainly older, where that is known."""
    sure: bool

    @staticmethod
    def of(file: Described, latest: Described | None, past: Found) -> "_Told":
        same = [version for version in past.versions if _same_stamp(file, version[1])]
        fresh = latest is not None and _same_stamp(file, latest)
        chosen = same if same or fresh else past.versions
        sure = bool(same) and not fresh
        return _Told(file, latest, chosen[::-1], past.followed if sure else None, sure)

    def judge(self, changes: _Changes, found: Stale) -> None:
        """Adds the base of this product to what was found, and what has to be told."""
        id_, latest = self.file.product.product_id, self.latest
        if not self.candidates:
            return
        if self.sure:
            found.revisions[id_] = self.candidates[0][0]
        if latest is None:
            if changes.product(id_, self.candidates[0][0]):
                found.bases[id_] = self.file
                found.notes.append(f"{id_}: it was taken off sale since, and stays so")
            return
        words: list[str] = []
        product = replace(latest.product, **self._product(changes, latest, words))
        sizes = tuple(self._sizes(changes, latest, words, found.doubts))
        if words or self.sure:
            found.bases[id_] = replace(latest, product=product, sizes=sizes)
        (found.notes if self.sure else found.doubts).extend(words)

    def _product(self, changes: _Changes, latest: Described, words: list[str]) -> dict[str, Any]:
        id_ = latest.product.product_id
        found: dict[str, Any] = {}
        for name in _PRODUCT_VALUES:
            versions = [(at, getattr(one.product, name)) for at, one in self.candidates]
            value, now = getattr(self.file.product, name), getattr(latest.product, name)
            if _old(value, now, versions, lambda at: changes.product(id_, at)):
                found[name] = value
                words.append(_left(id_, name, value, now))
        found["extra"] = self._extra(
            self.file.product.extra,
            latest.product.extra,
            [one.product.extra for _, one in self.candidates],
            changes.product(id_, self.candidates[0][0]),
        )
        return found

    def _sizes(
        self, changes: _Changes, latest: Described, words: list[str], counted: list[str]
    ) -> Iterator[Size]:
        file = {size.item.sku: size for size in self.file.sizes}
        now = {size.item.sku: size for size in latest.sizes}
        for sku, size in now.items():
            if sku in file:
                yield self._size(changes, file[sku], size, words, counted)
            elif not self._added_since(changes, sku):
                yield size
            else:
                words.append(f"{sku}: it was added since, and stays")
        for sku, size in file.items():
            if sku not in now and self._removed_since(changes, sku):
                words.append(f"{sku}: it was taken off sale since, and stays so")
                yield size

    def _size(
        self, changes: _Changes, file: Size, now: Size, words: list[str], counted: list[str]
    ) -> Size:
        sku = now.item.sku
        versions = [
            (at, size) for at, one in self.candidates for size in one.sizes if size.item.sku == sku
        ]
        stocks = [(at, size.stock) for at, size in versions]
        stock = now.stock
        if _old(file.stock, now.stock, stocks, lambda at: changes.stock(sku, at)):
            stock = file.stock
            words.append(_left(sku, "stock", file.stock, now.stock))
        elif self.sure and file.stock != stock and changes.stock(sku, self.candidates[0][0]):
            counted.append(
                f"{sku}: stock {file.stock} was typed into an older version of the file; it "
                f"counts, although units came or went since"
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
                words.append(_left(sku, name, value, present))
        return replace(now, item=replace(now.item, **values), stock=stock)

    def _added_since(self, changes: _Changes, sku: str) -> bool:
        """Whether others have added a size since a version that did not have it."""
        without = [at for at, one in self.candidates if sku not in _skus(one)]
        return bool(without) and changes.item(sku, max(without))

    def _removed_since(self, changes: _Changes, sku: str) -> bool:
        having = [at for at, one in self.candidates if sku in _skus(one)]
        return bool(having) and changes.item(sku, max(having))

    def _extra(self, file: str, now: str, versions: list[str], changed: bool) -> str:
        """The owner's fields to compare with; a known field that came since is none of them."""
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
    """Whether a value is one of an older version, and others have changed it since."""
    if value == now:
        return False
    at = next((revision for revision, said in versions if said == value), None)
    return at is not None and changed(at)


def _left(key: str, name: str, value: Any, now: Any) -> str:
    said = json.dumps(value, default=str, ensure_ascii=False)
    kept = json.dumps(now, default=str, ensure_ascii=False)
    return f"{key}: {WIRE.get(name, name)} {said} is of an older version; it stays {kept}"


def _same_stamp(one: Described, other: Described) -> bool:
    """Whether two versions have the same `lastUpdated`: the same text, or the same instant."""
    if one.stamp == other.stamp:
        return True
    times = [time_of(json.loads(text)) for text in (one.stamp, other.stamp) if text[:1] == '"']
    return len(times) == 2 and times[0] is not None and times[0] == times[1]


def _skus(described: Described) -> set[str]:
    return {size.item.sku for size in described.sizes}


def versions_of(file: Products, written: Sequence[Products], past: OlderVersions) -> Before:
    """The versions that each product of a file may be an edit of."""
    found: dict[str, list[Described]] = {}
    for id_, described in file.items():
        found[id_] = [version[id_] for version in written if id_ in version]
        if found[id_] and not any(_same_stamp(described, one) for one in found[id_]):
            told = _Told.of(described, found[id_][-1], past.versions(id_, described.stamp))
            found[id_] += [one for _, one in told.candidates] if told.sure else []
    return found
