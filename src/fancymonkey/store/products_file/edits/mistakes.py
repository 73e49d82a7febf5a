"""Finds mistakes in an edited products.json: mistyped names, lost fields, look-alike keys.

A field that the file had before under the same name is the owner's own field, even if it looks like
a known one, and a key of the shop is accepted as it is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fancymonkey.core.keys import key_fault, normal_form, skeleton
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.store.products_file.edits.location_edits import location_mistakes
from fancymonkey.store.products_file.edits.misplaced import misplaced_in_product, misplaced_in_size
from fancymonkey.store.products_file.fields.field_names import (
    PRODUCT_NAMES,
    SIZE_NAMES,
    intended,
    spelled_like,
)
from fancymonkey.store.products_file.fields.text_faults import item_text_faults, product_text_faults
from fancymonkey.store.products_file.lossless_json import Branch, Leaf, Node, where
from fancymonkey.store.products_file.read import (
    DEFAULT_THRESHOLD,
    Catalogue,
    Described,
    Fields,
    Size,
)

Before = Mapping[str, Sequence[Described]]
"""The versions that each product may be an edit of."""

Keys = Mapping[str, Iterable[str]]
"""The product ids of the shop with their sizes, including archived ones."""


@dataclass(frozen=True, slots=True)
class _Object:
    """An object of the file: its label, and the objects that it may be an edit of."""

    who: str
    node: Branch
    fields: Fields
    before: Sequence[Fields]
    known: tuple[str, ...]


class Mistakes:
    """Finds mistakes in a parsed file."""

    def __init__(
        self,
        catalogue: Catalogue,
        before: Before,
        keys: Keys,
        locations: Mapping[str, Location] | None = None,
        live: Collection[str] = (),
    ) -> None:
        """`locations` are those of the shop; None: it is new, or not known here. `live` are the
        SKUs on sale.
        """
        self._catalogue = catalogue
        self._locations = locations
        self._before = before
        self._keys = keys
        self._leaving = {*live} - {
            size.item.sku for described in catalogue.products.values() for size in described.sizes
        }
        self._own = _vocabulary(version for versions in before.values() for version in versions)

    def texts(self) -> list[str]:
        """Each mistake with its place, in the order of the file."""
        mistakes: list[tuple[int, str]] = []
        products = self._catalogue.products
        slots = self._catalogue.list.slots
        ids = _Lookalikes(products, self._keys)
        for slot, (id_, described) in zip(slots, products.items(), strict=True):
            assert isinstance(slot.node, Branch)
            fault = ids.fault(id_)
            if fault is not None:
                mistakes.append((slot.node.at, f"product {id_!r}: {fault}"))
            mistakes += self._product(slot.node, id_, described)
        text = self._catalogue.text
        return [f"{where(text, at)}: {problem}" for at, problem in mistakes]

    def _product(self, node: Branch, id_: str, described: Described) -> Iterator[tuple[int, str]]:
        who, before = f"product {id_}", self._before.get(id_, ())
        object_ = _Object(
            who, node, described.fields, [version.fields for version in before], PRODUCT_NAMES
        )
        yield from self._names(object_)
        for text in product_text_faults(described.product, [old.product for old in before]):
            yield node.at, f"{who}: {text}"
        other = node.get("id")
        if isinstance(other, Leaf) and id_ not in self._keys and other.string in self._keys:
            words = f"productId {id_} and id {other.string} are two ids; delete one of them"
            yield other.at, f"{who}: {words}"
        if not described.product.name.strip() and any(old.product.name.strip() for old in before):
            yield node.at, f"{who}: name must not be empty"
        if self._locations is not None:  # a new shop reports them as assumptions
            own = self._own[PRODUCT_NAMES]
            for at, text in misplaced_in_product(node, object_.before, own):
                yield at, f"{who}: {text}"
        for name in ("name", "category", "price", "restockDate", "sizes"):
            had = bool(before) and all(_has(version, name) for version in before)
            lost = _lost(described.fields, name, refuse_null=name in ("name", "sizes"))
            if had and lost:
                yield node.at, f"{who}: {_lost_text(name)}"
        sizes = node.get("sizes")
        if not isinstance(sizes, Branch):
            return
        keys = _Lookalikes([size.item.size for size in described.sizes], self._keys.get(id_, ()))
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
            old for version in before for old in version.sizes if old.item.sku == size.item.sku
        ]
        object_ = _Object(who, node, size.fields, [old.fields for old in versions], SIZE_NAMES)
        yield from self._names(object_)
        for text in item_text_faults(size.item, [old.item for old in versions]):
            yield node.at, f"{who}: {text}"
        for name in ("stock", "lowStockThreshold", "soldOut", "skuId", "priceId"):
            had = bool(versions) and all(_size_has(old, name) for old in versions)
            strict = name in ("stock", "lowStockThreshold")
            if had and _lost(size.fields, name, refuse_null=strict):
                yield node.at, f"{who}: {_lost_text(name)}"
        if versions and all(old.item.bundle for old in versions) and "bundle" not in size.fields:
            yield node.at, f"{who}: {_lost_text('bundle')}"
        for part in size.item.components:
            if part.sku in self._leaving:
                words = f"the part {part.sku} is not in the file; change the bundle as well"
                yield node.at, f"{who}: {words}"
        known = _named_locations(versions) if self._locations is None else self._locations
        new = self._locations is None
        for at, text in (
            () if new else misplaced_in_size(node, object_.before, self._own[SIZE_NAMES])
        ):
            yield at, f"{who}: {text}"
        for at, text in location_mistakes(node, size, versions, known, new=new):
            yield at, f"{who}: {text}"

    def _names(self, object_: _Object) -> Iterator[tuple[int, str]]:
        """Names that resemble a known field."""
        has_id = any(object_.fields.get(name) for name in ("id", "productId"))
        for slot in object_.node.slots:
            name = slot.name
            known = intended(name, object_.known)
            if known is None or any(name in fields for fields in object_.before):
                continue
            if not object_.before and name in self._own[object_.known]:
                continue
            same = spelled_like(name, object_.known) is not None
            exists = has_id if known in ("id", "productId") else known in object_.fields
            if not same and exists and not _could_be(known, slot.node, object_.before):
                continue
            yield (
                slot.node.at,
                f"{object_.who}: {name} is not a field of the format; probably {known} is meant",
            )


class _Lookalikes:
    """Keys of one kind: those of the file, and those of the shop."""

    def __init__(self, listed: Iterable[str], known: Iterable[str]) -> None:
        self._known = set(known)
        self._places = {key: place for place, key in enumerate(listed)}
        self._looks: dict[str, list[str]] = {}
        for key in (*sorted(self._known), *(key for key in self._places if key not in self._known)):
            self._looks.setdefault(skeleton(key), []).append(key)

    def fault(self, key: str) -> str | None:
        """The reason why a key of the file is not valid, or None."""
        if key in self._known:
            return None
        others = [other for other in self._looks[skeleton(key)] if self._comes_before(other, key)]
        fault = key_fault(key)
        if fault is None and normal_form(key) != key:
            fault = "It is written with letters and marks apart (NFD). Write it in NFC."
        if fault is not None:
            return (
                f"{fault} It looks like {others[0]!r}, which exists already"
                if others
                else (fault.removesuffix("."))
            )
        twins = [other for other in others if other in self._places or not _is_visible(key, other)]
        return f"it looks like {twins[0]!r}, which exists already" if twins else None

    def _comes_before(self, other: str, key: str) -> bool:
        """Whether the other key came first, in the shop or in the file."""
        return other in self._known or self._places[other] < self._places[key]


def _is_visible(key: str, other: str) -> bool:
    """Whether the difference is visible, as when the owner renames `xl` to `XL`."""
    return (key.isascii() and other.isascii()) or key.casefold() == other.casefold()


def _named_locations(versions: Iterable[Size]) -> dict[str, Location]:
    """The locations of earlier versions; their names are not known."""
    ids = {id_ for version in versions for id_ in version.locations} | {DEFAULT_LOCATION}
    return {id_: Location(id_, id_) for id_ in sorted(ids)}


def _vocabulary(versions: Iterable[Described]) -> dict[tuple[str, ...], set[str]]:
    """All field names of earlier versions, of products and of sizes."""
    names: dict[tuple[str, ...], set[str]] = {PRODUCT_NAMES: set(), SIZE_NAMES: set()}
    for version in versions:
        names[PRODUCT_NAMES].update(version.fields)
        for size in version.sizes:
            names[SIZE_NAMES].update(size.fields)
    return names


def _could_be(known: str, node: Node, before: Sequence[Fields]) -> bool:
    """Whether the value of a mistyped name may be meant for the known field: it has its type."""
    if not before:
        return False
    if isinstance(node, Branch):
        return known == "sizes" and node.is_object
    if known in ("stock", "reserved", "lowStockThreshold", "price"):
        return node.text[0] in "-0123456789"
    if known == "soldOut":
        return node.text in ("true", "false")
    return known != "sizes" and node.string is not None


def _has(described: Described, name: str) -> bool:
    if name == "sizes":
        return bool(described.sizes)
    return described.fields.get(name, False)


def _size_has(size: Size, name: str) -> bool:
    """Whether a version has another value of a field than the default."""
    item = size.item
    if name == "stock":
        return size.fields.get(name, False) and size.stock > 0
    if name == "lowStockThreshold":
        return size.fields.get(name, False) and item.low_stock_threshold != DEFAULT_THRESHOLD
    if name == "soldOut":
        return item.sold_out
    return size.fields.get(name, False)


def _lost(fields: Fields, name: str, *, refuse_null: bool) -> bool:
    """Whether a field is missing; null removes a value on purpose, if that is allowed."""
    return name not in fields or (refuse_null and not fields[name])


def _lost_text(name: str) -> str:
    if name == "sizes":
        return "sizes was there before and is missing; to remove all sizes, write sizes: {}"
    if name in ("stock", "lowStockThreshold", "name"):
        return f"{name} was there before and is missing; write its value"
    if name == "bundle":
        return (
            "bundle was there before and is missing; to make it an ordinary size, write "
            "bundle: null"
        )
    if name == "soldOut":
        return "soldOut was there before and is missing; write true or false"
    return f"{name} was there before and is missing; to remove it, write {name}: null"
