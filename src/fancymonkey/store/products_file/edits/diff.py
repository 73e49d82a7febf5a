"""Turns the owner's edits of products.json into commands.

A field counts as edited if it differs from every version that we may have written last; other
values in the file may be older than the store and are ignored. Only the service sets `reserved` and
`lastUpdated`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fancymonkey.core.bundles.define import SetBundle
from fancymonkey.core.catalogue.products import NewItem, RemoveProduct, UpsertProduct
from fancymonkey.core.command import Command
from fancymonkey.core.execute import CommandGroup
from fancymonkey.core.group_answers import GroupAnswer
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import split_sku
from fancymonkey.core.outcomes import Answer, Refused
from fancymonkey.core.stock.adjust import UNCHANGED, Count, SetItem
from fancymonkey.store.products_file.edits.bundle_edits import (
    ACTOR,
    CAUSE,
    bundle_edits,
    unknown_parts,
    with_bundle_of,
)
from fancymonkey.store.products_file.edits.location_edits import new_locations, reserved_units
from fancymonkey.store.products_file.edits.moved_sizes import Pair, joined, moved_sizes
from fancymonkey.store.products_file.edits.stock_edits import StockDisagrees, edited_stock
from fancymonkey.store.products_file.edits.store_rows import StoreRows
from fancymonkey.store.products_file.read import Described, Size

T = TypeVar("T")

Products = Mapping[str, Described]

LOCATIONS_ID = "/locations"
"""The id of the command that adds locations: no product has it."""

_PRODUCT_FIELDS = ("name", "category", "price", "extra")
_ITEM_FIELDS = ("sku_id", "price_id", "extra")


def commands_of(
    file: Products,
    written: Sequence[Products],
    store: StoreRows,
    command_id: str,
    older: Products | None = None,
    missing: Collection[str] = (),
) -> list[CommandGroup]:
    """One command for each edited product.

    `written` are the versions that we may have written last; `older` are older versions of products
    that were edited instead; `missing` are products that the edited version did not have yet. Each
    command's id consists of `command_id` and the product's id, so that applying the same edit twice
    has one effect.
    """
    known = written or [store.described()]
    bases = bases_of(file, known, older)
    positions = _positions(list(file), [list(version) for version in known], store)
    edits: dict[str, list[Command]] = {}
    if store.is_new:
        edits[LOCATIONS_ID] = [*new_locations(file.values())]
    for id_, described in file.items():
        edits[id_] = _Edit(store, described, bases[id_], positions.get(id_)).commands()
    removed = []
    for id_ in {id_ for version in known for id_ in version} - file.keys() - {*missing}:
        product = store.products.get(id_)
        if product is not None and not product.archived and all(id_ in v for v in known):
            removed.append(id_)
            edits[id_] = [
                RemoveProduct(
                    product_id=id_,
                    location=DEFAULT_LOCATION,
                    before=tuple(store.skus(id_)),
                    actor=ACTOR,
                    cause=CAUSE,
                )
            ]
    for id_, described in file.items():  # by now all parts are there
        edits[f"{id_}/bundles"] = bundle_edits(described, bases[id_], store.skus(id_))
    moves = _join_moves(edits, moved_sizes(file, removed, store))
    return [
        CommandGroup(
            commands=tuple(commands),
            command_id=f"{command_id}/{id_}",
            digest=command_id,
            all_or_nothing=id_ in moves,
            actor=ACTOR,
            cause=CAUSE,
        )
        for id_, commands in edits.items()
        if commands
    ]


def _join_moves(edits: dict[str, list[Command]], pairs: list[Pair]) -> set[str]:
    """Puts the edits of products between which sizes move together; returns their ids."""
    joined_ids = set()
    for group in joined(pairs):
        first, *others = [id_ for id_ in edits if id_ in group]
        for id_ in others:
            edits[first] += edits.pop(id_)
        joined_ids.add(first)
    return joined_ids


def bases_of(
    file: Products, known: Sequence[Products], older: Products | None = None
) -> dict[str, list[Described]]:
    """The versions to compare each product with: the older one that was edited, or all known."""
    return {
        id_: [older[id_]]
        if older is not None and id_ in older
        else [version[id_] for version in known if id_ in version]
        for id_ in file
    }


def reserved_edits(file: Products, written: Sequence[Products], older: Collection[str] = ()) -> int:
    """By how many units `reserved` in the file differs from our last version.

    Products of an `older` version of the file are ignored.
    """
    units = 0
    for id_, described in file.items():
        if id_ in older:
            continue
        versions = [version[id_] for version in written if id_ in version]
        units += sum(reserved_units(size, versions) for size in described.sizes)
    return units


def refusals(command: Command, answer: Answer, file: Products) -> list[str]:
    """The refused parts of an edit of this file, as texts."""
    group = answer.detail if isinstance(answer, Refused) else answer.data
    if not isinstance(group, GroupAnswer):
        return [answer.message] if isinstance(answer, Refused) else []
    parts = command.commands if isinstance(command, CommandGroup) else ()
    texts = [
        f"{_subject(part)}: {row.message}{unknown_parts(part, row, file)}"
        for part, row in zip(parts, group.rows, strict=False)
        if isinstance(row, Refused)
    ]
    if isinstance(answer, Refused):
        ids = dict.fromkeys(filter(None, (split_sku(_subject(part))[0] for part in parts)))
        texts.append(f"sizes move between {' and '.join(ids)}, so none of these edits was applied")
    return texts


def _subject(command: Command) -> str:
    match command:
        case Count(sku=sku) | SetItem(sku=sku) | SetBundle(sku=sku):
            return sku
        case UpsertProduct(product=product):
            return product.product_id
        case RemoveProduct(product_id=product_id):
            return product_id
    return ""


def _positions(file: list[str], known: list[list[str]], store: StoreRows) -> dict[str, int]:
    """New positions of products if the owner has changed the order; as few as possible."""
    old = {id_ for id_, product in store.products.items() if not product.archived}
    if not any(_same_order(file, version) for version in known) or not old.issuperset(file):
        return _renumbered(
            {id_: store.products[id_].position if id_ in old else None for id_ in file}
        )
    return {}


def _same_order(file: list[str], version: list[str]) -> bool:
    both = set(file) & set(version)
    return [id_ for id_ in file if id_ in both] == [id_ for id_ in version if id_ in both]


def _renumbered(positions: dict[str, int | None]) -> dict[str, int]:
    """Rising positions in this order; positions that fit are unchanged."""
    last, rising = -1, {}
    for name, position in positions.items():
        last = position if position is not None and position > last else last + 1
        rising[name] = last
    return rising


class _Edit:
    """The edit of one product."""

    def __init__(
        self, store: StoreRows, file: Described, versions: list[Described], position: int | None
    ) -> None:
        self._store = store
        self._file = file
        self._versions = versions
        self._old = store.products.get(file.product.product_id)
        self._items = store.skus(file.product.product_id)
        self._position = position
        self._sizes = [{size.item.sku: size for size in v.sizes} for v in versions]

    def commands(self) -> list[Command]:
        """The commands of the edit; empty if nothing was edited."""
        if self._old is not None and self._old.archived and self._versions:
            return []  # archived after the file was written, so it will be removed from the file
        upsert = self._upsert()
        commands: list[Command] = [] if upsert is None else [upsert]
        if upsert is None or not self._is_new:
            commands += self._settings()
        for size in self._file.sizes:
            commands += self._counts(size)
        return commands

    @property
    def _is_new(self) -> bool:
        return self._old is None or self._old.archived

    def _upsert(self) -> UpsertProduct | None:
        file = self._file.product
        if self._old is None or self._old.archived:
            product = replace(file, position=self._position or 0)
        else:
            values = {
                name: self._value(name, file, self._old, [v.product for v in self._versions])
                for name in (*_PRODUCT_FIELDS, *(() if self._items else ("restock_date",)))
            }
            place = self._old.position if self._position is None else self._position
            product = replace(self._old, **values, position=place)
        items = self._listed_items()
        unchanged = product == self._old and not self._is_new
        if unchanged and all(self._items.get(sku) == new.item for sku, new in items.items()):
            live = {sku for sku, item in self._items.items() if not item.archived}
            if live == items.keys():
                return None
        return UpsertProduct(
            product=product,
            location=DEFAULT_LOCATION,
            items=tuple(items.values()),
            before=tuple(self._items),
            actor=ACTOR,
            cause=CAUSE,
        )

    def _listed_items(self) -> dict[str, NewItem]:
        """The sizes of the product after the edit, by SKU."""
        wanted: dict[str, NewItem] = {}
        listed = [size.item.sku for size in self._file.sizes]
        places = self._places(listed)
        for size in self._file.sizes:
            sku = size.item.sku
            old = self._items.get(sku)
            versions = [sizes[sku].item for sizes in self._sizes if sku in sizes]
            if old is not None and old.archived and versions and not self._is_new:
                continue  # archived since the file was written
            if old is None or old.archived:
                place = places.get(sku, size.item.position)
                item = replace(with_bundle_of(size.item, old), position=place)
            else:
                values = {
                    name: self._value(name, size.item, old, versions) for name in _ITEM_FIELDS
                }
                item = replace(old, **values, position=places.get(sku, old.position))
            wanted[sku] = NewItem(item, self._edited_stock(size).get(DEFAULT_LOCATION, 0))
        if not self._is_new:
            for sku, item in self._items.items():
                removed = self._sizes and all(sku in sizes for sizes in self._sizes)
                if sku not in wanted and not item.archived and not removed:
                    wanted[sku] = NewItem(item)  # added since the file was written
        return wanted

    def _places(self, listed: list[str]) -> dict[str, int]:
        if any(_same_order(listed, list(sizes)) for sizes in self._sizes) and all(
            sku in self._items for sku in listed
        ):
            return {}
        return _renumbered(
            {sku: self._items[sku].position if sku in self._items else None for sku in listed}
        )

    def _settings(self) -> Iterable[Command]:
        """The edits of fields with a command of their own: threshold, sold out, restock date."""
        assert self._old is not None
        date: Any = UNCHANGED
        dates = [version.product.restock_date for version in self._versions]
        wanted = self._file.product.restock_date
        if self._edited(wanted, dates) and wanted != self._old.restock_date:
            date = wanted
        for size in self._file.sizes:
            item, old = size.item, self._items.get(size.item.sku)
            if old is None or old.archived:
                continue
            versions = [sizes[item.sku].item for sizes in self._sizes if item.sku in sizes]
            threshold = self._value("low_stock_threshold", item, old, versions)
            sold_out = self._value("sold_out", item, old, versions)
            if (threshold, sold_out) != (old.low_stock_threshold, old.sold_out) or (
                date is not UNCHANGED
            ):
                yield SetItem(
                    sku=item.sku,
                    location=DEFAULT_LOCATION,
                    low_stock_threshold=threshold,
                    sold_out=sold_out,
                    restock_date=date,
                    actor=ACTOR,
                    cause=CAUSE,
                )
                date = UNCHANGED

    def _counts(self, size: Size) -> Iterable[Command]:
        """A count for each location whose stock was edited.

        The command for a new size has the stock of the default location already.
        """
        sku = size.item.sku
        old = self._items.get(sku)
        if old is not None and old.archived and any(sku in sizes for sizes in self._sizes):
            return
        on_hand = self._store.on_hand(sku)
        for location, quantity in self._edited_stock(size).items():
            if quantity == on_hand.get(location, 0) or (
                old is None and location == DEFAULT_LOCATION
            ):
                continue
            yield Count(sku=sku, location=location, quantity=quantity, actor=ACTOR, cause=CAUSE)

    def _edited_stock(self, size: Size) -> dict[str, int]:
        """The stock to set, by location; nothing if the file is to be refused for it."""
        sku = size.item.sku
        versions = [sizes[sku] for sizes in self._sizes if sku in sizes]
        try:
            return edited_stock(size, versions, self._store.on_hand(sku))
        except StockDisagrees:
            return {}

    @staticmethod
    def _edited(value: T, versions: Sequence[T]) -> bool:
        return value not in versions

    def _value(self, name: str, file: Any, old: Any, versions: Sequence[Any]) -> Any:
        """The owner's value if it was edited, else the store's."""
        value = getattr(file, name)
        if self._edited(value, [getattr(version, name) for version in versions]):
            return value
        return getattr(old, name)
