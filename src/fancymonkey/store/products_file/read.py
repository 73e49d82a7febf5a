"""Reads the catalogue and its stock from products.json.

The file is a list of products, or an object with a list `products`. A product is named by `id` or
`productId`; `sizes` maps each size to its fields. Fields that are missing or null have defaults.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import MAX_QUANTITY, Item, Product, sku_of
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.fields.field_names import intended
from fancymonkey.store.products_file.fields.field_reader import FieldReader
from fancymonkey.store.products_file.fields.size_locations import (
    LOCATIONS,
    LocationUnits,
    read_locations,
    total_stock,
)
from fancymonkey.store.products_file.lossless_json import (
    NULL,
    Branch,
    Leaf,
    Node,
    Root,
    compact,
    parse,
    quote,
    text_of,
    where,
)

DEFAULT_THRESHOLD: Final = 5
ID_FIELDS = ("productId", "id")
PRODUCT_FIELDS = frozenset({"name", "category", "price", "sizes", "restockDate", "lastUpdated"})
SIZE_FIELDS = frozenset(
    {"skuId", "priceId", "soldOut", "stock", "reserved", "lowStockThreshold", "bundle", LOCATIONS}
)


Fields = Mapping[str, bool]
"""The fields of an object by name; False if the value is null."""


@dataclass(frozen=True, slots=True)
class Size:
    """A size in the file: the totals, and the units by location if the file has them."""

    item: Item
    stock: int = 0
    reserved: int = 0
    fields: Fields = field(default_factory=dict, compare=False)
    locations: Mapping[str, LocationUnits] = field(default_factory=dict)

    def stock_at(self, location: str) -> int:
        """The units on hand at a location: without `locations`, all are at the default one."""
        if not self.locations:
            return self.stock if location == DEFAULT_LOCATION else 0
        return self.locations.get(location, LocationUnits()).stock


@dataclass(frozen=True, slots=True)
class Described:
    """A product in the file. `updated_at` of its row is the file's `lastUpdated`, or 0.

    `stamp` is the exact text of `lastUpdated` in the file.
    """

    product: Product
    sizes: tuple[Size, ...] = ()
    fields: Fields = field(default_factory=dict, compare=False)
    stamp: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file: its text as a tree, the list of products in it, and the products by id."""

    text: str
    root: Root
    list: Branch
    products: dict[str, Described]


def read_products(data: bytes, name: str, *, lenient: bool = False) -> Catalogue:
    """The content of a file. Raises DataError with the place of the first mistake.

    `lenient` accepts invalid dates, as an older version of this program did.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        place = where(data[: error.start].decode(), error.start)
        likely = "; it may be UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ""
        problem = f"it is not UTF-8 text{likely}: save it as UTF-8"
        raise DataError(f"{name}, {place}: {problem}") from None
    root = parse(text, name)
    source = FieldReader(name, text, lenient=lenient)
    node = root.node
    if isinstance(node, Branch) and node.is_object:
        inner = node.get("products")
        if inner is None and _holds_products(node):
            inner = node
        if inner is None:
            near = _near(node, ("products",))
            raise source.error(f"there is no list of products{near}", node)
        node = inner
    if not isinstance(node, Branch):
        raise source.error("a list of products is expected", node)
    if node.is_object:
        raise source.error(_by_id(node), node)
    products: dict[str, Described] = {}
    for position, slot in enumerate(node.slots):
        described = _product(source, slot.node, position)
        id_ = described.product.product_id
        if id_ in products:
            raise source.error(f"the product {id_} appears twice", slot.node)
        products[id_] = described
    return Catalogue(text, root, node, products)


def time_of(text: str) -> int | None:
    """The time of an ISO 8601 text in ms, or None if it is not valid. Without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        span = time - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return (span.days * 86_400 + span.seconds) * 1000 + span.microseconds // 1000


def _near(node: Branch, known: tuple[str, ...]) -> str:
    """The text about a mistyped name that is probably meant for a missing field."""
    pairs = ((slot.name, intended(slot.name, known)) for slot in node.slots)
    return next((f"; probably {name} is meant for {field}" for name, field in pairs if field), "")


def _holds_products(node: Branch) -> bool:
    """Whether an object has products by id: each value is an object with a field of a product."""
    values = [slot.node for slot in node.slots]
    return bool(values) and all(
        isinstance(value, Branch)
        and value.is_object
        and any(slot.name in PRODUCT_FIELDS for slot in value.slots)
        for value in values
    )


def _by_id(node: Branch) -> str:
    """The text about products in an object by id, with the way to write the first as a list."""
    first = quote(node.slots[0].name) if node.slots else '"…"'
    return (
        "the products are an object by id, and a list is expected. Write them in square brackets, "
        f'each with its id as a field: "products": [{{"id": {first}, …}}, …]'
    )


def id_field(node: Branch) -> str:
    """The name of the field with the product's id."""
    return next((name for name in ID_FIELDS if node.get(name) is not None), "id")


def _product(source: FieldReader, node: Node, position: int) -> Described:
    if not isinstance(node, Branch) or not node.is_object:
        raise source.error("a product must be an object", node)
    key = id_field(node)
    product_id = source.string(node, key)
    if product_id is None:
        raise source.error(f"a product has neither id nor productId{_near(node, ID_FIELDS)}", node)
    if not product_id or "/" in product_id:
        raise source.error(f"{key} must not be empty and must not contain a slash", node)
    source = source.about(f"product {product_id}")
    name = source.string(node, "name")
    updated = node.get("lastUpdated")
    updated_text = updated.string if isinstance(updated, Leaf) else None
    product = Product(
        product_id,
        product_id if name is None else name,
        source.string(node, "category") or "",
        source.price(node),
        position,
        source.date(node, "restockDate"),
        False,
        max(0, time_of(updated_text or "") or 0),
        _extra(node, PRODUCT_FIELDS | {key}),
    )
    stamp = "" if updated is None else text_of(updated)
    return Described(product, _sizes(source, node, product_id), _fields(node), stamp)


def _fields(node: Branch) -> Fields:
    return {
        slot.name: not (isinstance(slot.node, Leaf) and slot.node.text == NULL)
        for slot in node.slots
    }


def _sizes(source: FieldReader, node: Branch, product_id: str) -> tuple[Size, ...]:
    sizes = source.field(node, "sizes")
    if sizes is None:
        return ()
    if not isinstance(sizes, Branch) or not sizes.is_object:
        raise source.error("sizes must be an object that maps each size to its fields", sizes)
    return tuple(
        _size(source, slot.name, slot.node, product_id, position)
        for position, slot in enumerate(sizes.slots)
    )


def _size(source: FieldReader, size: str, node: Node, product_id: str, position: int) -> Size:
    source = source.about(f"{source.who}, size {size}")
    if not size:
        raise source.error("a size must have a name", node)
    if not isinstance(node, Branch) or not node.is_object:
        raise source.error("a size must be an object", node)
    item = Item(
        sku_of(product_id, size),
        product_id,
        size,
        position,
        source.string(node, "skuId"),
        source.string(node, "priceId"),
        source.whole(node, "lowStockThreshold", DEFAULT_THRESHOLD),
        source.switch(node, "soldOut"),
        False,
        _extra(node, SIZE_FIELDS),
    )
    definition = source.bundle(node)
    if definition is not None:
        item = definition.on(item, 0)
    locations, fields = read_locations(source, node), _fields(node)
    most = MAX_QUANTITY * max(1, len(locations))
    stock = source.whole(node, "stock", 0, most)
    if locations and not fields.get("stock"):
        stock = total_stock(locations)
    return Size(item, stock, source.whole(node, "reserved", 0, most), fields, locations)


def _extra(node: Branch, known: frozenset[str]) -> str:
    """The owner's object on one line, with the known fields blanked to null."""
    copy = compact(node)
    assert isinstance(copy, Branch)
    for slot in copy.slots:
        if slot.name in known:
            slot.node = Leaf(NULL)
    return text_of(copy)
