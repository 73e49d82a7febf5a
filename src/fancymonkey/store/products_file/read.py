"""Reads the catalogue and its stock from products.json.

The file is a list of products, or an object with a list `products`. A product is named by `id` or
`productId`; `sizes` maps each size to its fields. Fields that are missing or null have defaults.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from fancymonkey.core.bundles.definition import Definition
from fancymonkey.core.dates import DATE_FORMAT, iso_date
from fancymonkey.core.model import MAX_QUANTITY, Item, Product, sku_of
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.bundle_json import read_definition
from fancymonkey.store.products_file.field_names import intended
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
    {"skuId", "priceId", "soldOut", "stock", "reserved", "lowStockThreshold", "bundle"}
)
_MAX_DIGITS = 15


Fields = Mapping[str, bool]
"""The fields of an object by name; False if the value is null."""


@dataclass(frozen=True, slots=True)
class Size:
    """A size in the file."""

    item: Item
    stock: int = 0
    reserved: int = 0
    fields: Fields = field(default_factory=dict, compare=False)


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
        raise DataError(f"{name}, {place}: it is not UTF-8 text") from None
    root = parse(text, name)
    source = _Source(name, text, lenient=lenient)
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


@dataclass(frozen=True, slots=True)
class _Source:
    """The text of the nodes and their owner, for messages."""

    name: str
    text: str
    who: str = ""
    lenient: bool = False

    def error(self, problem: str, node: Node) -> DataError:
        about = f"{self.who}: " if self.who else ""
        return DataError(f"{self.name}, {where(self.text, node.at)}: {about}{problem}")

    def about(self, who: str) -> "_Source":
        return _Source(self.name, self.text, who, self.lenient)

    def field(self, owner: Branch, name: str) -> Node | None:
        """The value of a field; None if it is missing or null."""
        node = owner.get(name)
        return None if isinstance(node, Leaf) and node.text == NULL else node

    def string(self, owner: Branch, name: str) -> str | None:
        node = self.field(owner, name)
        if node is None:
            return None
        text = node.string if isinstance(node, Leaf) else None
        if text is None:
            raise self.error(f"{name} must be a text in double quotes", node)
        return text

    def whole(self, owner: Branch, name: str, default: int) -> int:
        node = self.field(owner, name)
        if node is None:
            return default
        text = node.text if isinstance(node, Leaf) else ""
        digits = text.removeprefix("-")
        if not digits.isdecimal() or len(digits) > _MAX_DIGITS:
            raise self.error(f"{name} must be a whole number", node)
        value = int(text)
        if not 0 <= value <= MAX_QUANTITY:
            raise self.error(f"{name} must be from 0 to {MAX_QUANTITY}, not {value}", node)
        return value

    def switch(self, owner: Branch, name: str) -> bool:
        node = self.field(owner, name)
        if node is None:
            return False
        if not isinstance(node, Leaf) or node.text not in ("true", "false"):
            raise self.error(f"{name} must be true or false", node)
        return node.text == "true"

    def date(self, owner: Branch, name: str) -> str | None:
        text = self.string(owner, name)
        if text is None or not text.strip():
            return text if self.lenient else None
        try:
            return iso_date(text)
        except ValueError:
            if self.lenient:
                return text
            node = owner.get(name)
            assert node is not None
            raise self.error(f"{name} must be {DATE_FORMAT}", node) from None

    def bundle(self, owner: Branch) -> Definition | None:
        node = self.field(owner, "bundle")
        if node is None:
            return None
        try:
            return read_definition(json.loads(text_of(node)))
        except ValueError as error:
            raise self.error(str(error), node) from None

    def price(self, owner: Branch) -> Decimal | None:
        node = self.field(owner, "price")
        if node is None:
            return None
        price = price_of(node)
        if price is None:
            raise self.error("price must be a number of 0 or more", node)
        return price


def price_of(node: Node) -> Decimal | None:
    """The price of a number, or None if it is not a valid price."""
    if not isinstance(node, Leaf) or not node.text[:1].isdecimal() or len(node.text) > 40:
        return None
    price = Decimal(node.text)
    if price.adjusted() > _MAX_DIGITS or int(price.as_tuple().exponent) < -_MAX_DIGITS:
        return None
    return price


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


def _product(source: _Source, node: Node, position: int) -> Described:
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


def _sizes(source: _Source, node: Branch, product_id: str) -> tuple[Size, ...]:
    sizes = source.field(node, "sizes")
    if sizes is None:
        return ()
    if not isinstance(sizes, Branch) or not sizes.is_object:
        raise source.error("sizes must be an object that maps each size to its fields", sizes)
    return tuple(
        _size(source, slot.name, slot.node, product_id, position)
        for position, slot in enumerate(sizes.slots)
    )


def _size(source: _Source, size: str, node: Node, product_id: str, position: int) -> Size:
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
    stock, reserved = source.whole(node, "stock", 0), source.whole(node, "reserved", 0)
    return Size(item, stock, reserved, _fields(node))


def _extra(node: Branch, known: frozenset[str]) -> str:
    """The owner's object on one line, with the known fields blanked to null."""
    copy = compact(node)
    assert isinstance(copy, Branch)
    for slot in copy.slots:
        if slot.name in known:
            slot.node = Leaf(NULL)
    return text_of(copy)
