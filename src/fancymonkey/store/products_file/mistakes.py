"""What in an edited products.json cannot be meant: mistyped names, lost fields, look-alike keys.

A field that the file had before under the same name is the owner's own, whatever it looks like,
and a key that the shop has is taken as it is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fancymonkey.core.keys import key_fault, normal_form, skeleton
from fancymonkey.store.products_file.field_names import (
    PRODUCT_NAMES,
    SIZE_NAMES,
    intended,
    spelled_like,
)
from fancymonkey.store.products_file.lossless_json import Branch, Node, where
from fancymonkey.store.products_file.read import (
    DEFAULT_THRESHOLD,
    Catalogue,
    Described,
    Fields,
    Size,
)

Before = Mapping[str, Sequence[Described]]
"""What each product may be an edit of."""

Keys = Mapping[str, Iterable[str]]
"""The product ids of the shop with their sizes, also those that are off sale."""


@dataclass(frozen=True, slots=True)
class _Object:
    """An object of the file: what it is called, and the objects that it may be an edit of."""

    who: str
    node: Branch
    fields: Fields
    before: Sequence[Fields]
    known: tuple[str, ...]


class Mistakes:
    """Looks for mistakes in a file that has parsed."""

    def __init__(self, catalogue: Catalogue, before: Before, keys: Keys) -> None:
        self._catalogue = catalogue
        self._before = before
        self._keys = keys
        self._own = _vocabulary(version for found in before.values() for version in found)

    def found(self) -> list[str]:
        """Each mistake with its place, in the order of the file."""
        found: list[tuple[int, str]] = []
        products = self._catalogue.products
        slots = self._catalogue.list.slots
        ids = _Lookalikes(products, self._keys)
        for slot, (id_, described) in zip(slots, products.items(), strict=True):
            assert isinstance(slot.node, Branch)
            fault = ids.fault(id_)
            if fault is not None:
                found.append((slot.node.at, f"product {id_!r}: {fault}"))
            found += self._product(slot.node, id_, described)
        text = self._catalogue.text
        return [f"{where(text, at)}: {problem}" for at, problem in found]

    def _product(self, node: Branch, id_: str, described: Described) -> Iterator[tuple[int, str]]:
        who, before = f"product {id_}", self._before.get(id_, ())
        object_ = _Object(
            who, node, described.fields, [one.fields for one in before], PRODUCT_NAMES
        )
        yield from self._names(object_)
        for name in ("name", "category", "price", "restockDate", "sizes"):
            said = bool(before) and all(_says(one, name) for one in before)
            lost = _lost(described.fields, name, refuse_null=name in ("name", "sizes"))
            if said and lost:
                yield node.at, f"{who}: {_gone(name)}"
        sizes = node.get("sizes")
        if not isinstance(sizes, Branch):
            return
        keys = _Lookalikes([one.item.size for one in described.sizes], self._keys.get(id_, ()))
        for slot, size in zip(sizes.slots, described.sizes, strict=True):
            label = f"{who}, size {slot.name}"
            fault = keys.fault(slot.name)
            if fault is not None:
                yield slot.node.at, f"{who}, size {slot.name!r}: {fault}"
            assert isinstance(slot.node, Branch)
            yield from self._size(label, slot.node, size, before)

    def _size(
        self, who: str, node: Branch, size: Size, before: Sequence[Described]
    ) -> Iterator[tuple[int, str]]:
        versions = [
            one for version in before for one in version.sizes if one.item.sku == size.item.sku
        ]
        object_ = _Object(who, node, size.fields, [one.fields for one in versions], SIZE_NAMES)
        yield from self._names(object_)
        for name in ("stock", "lowStockThreshold", "soldOut", "skuId", "priceId"):
            said = bool(versions) and all(_size_says(one, name) for one in versions)
            strict = name in ("stock", "lowStockThreshold")
            if said and _lost(size.fields, name, refuse_null=strict):
                yield node.at, f"{who}: {_gone(name)}"

    def _names(self, found: _Object) -> Iterator[tuple[int, str]]:
        """Names that are nearly known ones."""
        has_id = any(found.fields.get(name) for name in ("id", "productId"))
        for slot in found.node.slots:
            name = slot.name
            known = intended(name, found.known)
            if known is None or any(name in fields for fields in found.before):
                continue
            if not found.before and name in self._own[found.known]:
                continue
            same = spelled_like(name, found.known) is not None
            there = has_id if known in ("id", "productId") else known in found.fields
            if not same and there and not _could_be(known, slot.node, found.before):
                continue
            yield (
                slot.node.at,
                f"{found.who}: {name} is not a field of the format; probably {known} is meant",
            )


class _Lookalikes:
    """Keys of one kind: those of the file, and those that the shop has already."""

    def __init__(self, listed: Iterable[str], there: Iterable[str]) -> None:
        self._there = set(there)
        self._places = {key: place for place, key in enumerate(listed)}
        self._looks: dict[str, list[str]] = {}
        for key in (*sorted(self._there), *(key for key in self._places if key not in self._there)):
            self._looks.setdefault(skeleton(key), []).append(key)

    def fault(self, key: str) -> str | None:
        """Why a key of the file is not valid, or None."""
        if key in self._there:
            return None
        others = [one for one in self._looks[skeleton(key)] if self._comes_before(one, key)]
        fault = key_fault(key)
        if fault is None and normal_form(key) != key:
            fault = "It is written with letters and marks apart (NFD). Write it in NFC."
        if fault is not None:
            return (
                f"{fault} It looks like {others[0]!r}, which is there already"
                if others
                else (fault.removesuffix("."))
            )
        twins = [one for one in others if one in self._places or not _is_visible(key, one)]
        return f"it looks like {twins[0]!r}, which is there already" if twins else None

    def _comes_before(self, other: str, key: str) -> bool:
        """Whether the other key was there first, in the shop or in the file."""
        return other in self._there or self._places[other] < self._places[key]


def _is_visible(key: str, other: str) -> bool:
    """Whether the difference can be seen: the owner may rename `xl` to `XL`."""
    return (key.isascii() and other.isascii()) or key.casefold() == other.casefold()


def _vocabulary(versions: Iterable[Described]) -> dict[tuple[str, ...], set[str]]:
    """All names of fields that the file had, of products and of sizes."""
    found: dict[tuple[str, ...], set[str]] = {PRODUCT_NAMES: set(), SIZE_NAMES: set()}
    for version in versions:
        found[PRODUCT_NAMES].update(version.fields)
        for size in version.sizes:
            found[SIZE_NAMES].update(size.fields)
    return found


def _could_be(known: str, node: Node, before: Sequence[Fields]) -> bool:
    """Whether a value beside the known field may be meant for it: an edit, of the same type."""
    if not before:
        return False
    if isinstance(node, Branch):
        return known == "sizes" and node.is_object
    if known in ("stock", "reserved", "lowStockThreshold", "price"):
        return node.text[0] in "-0123456789"
    if known == "soldOut":
        return node.text in ("true", "false")
    return known != "sizes" and node.string is not None


def _says(described: Described, name: str) -> bool:
    if name == "sizes":
        return bool(described.sizes)
    return described.fields.get(name, False)


def _size_says(size: Size, name: str) -> bool:
    """Whether a version says more of a field than its default."""
    item = size.item
    if name == "stock":
        return size.fields.get(name, False) and size.stock > 0
    if name == "lowStockThreshold":
        return size.fields.get(name, False) and item.low_stock_threshold != DEFAULT_THRESHOLD
    if name == "soldOut":
        return item.sold_out
    return size.fields.get(name, False)


def _lost(fields: Fields, name: str, *, refuse_null: bool) -> bool:
    """Whether a field is gone; null takes a value away on purpose where it may."""
    return name not in fields or (refuse_null and not fields[name])


def _gone(name: str) -> str:
    if name == "sizes":
        return "sizes was there before and is gone; where none shall be left, write sizes: {}"
    if name in ("stock", "lowStockThreshold", "name"):
        return f"{name} was there before and is gone; write what it is"
    if name == "soldOut":
        return "soldOut was there before and is gone; write true or false"
    return f"{name} was there before and is gone; where there shall be none, write {name}: null"
