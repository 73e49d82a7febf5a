"""Writes products.json: the owner's text with the changed values, and no other changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from fancymonkey.core import immutable
from fancymonkey.core.locations.accounts import is_for_sale
from fancymonkey.core.locations.locations import DEFAULT_LOCATION, Location
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.store.products_file.fields.bundle_json import bundle_node
from fancymonkey.store.products_file.fields.field_reader import price_of
from fancymonkey.store.products_file.fields.size_locations import listed_levels, put_locations
from fancymonkey.store.products_file.lossless_json import (
    NULL,
    Branch,
    Leaf,
    Style,
    lay_out,
    line_lead,
    merge,
    parse,
    quote,
    text_of,
)
from fancymonkey.store.products_file.read import DEFAULT_THRESHOLD, ID_FIELDS, time_of
from fancymonkey.store.products_file.slices import slice_products

NEW_FILE = '{\n  "products": []\n}\n'


@immutable.dataclass(frozen=True, slots=True)
class SizeWithLevel:
    """A size on sale with its units at all locations; `locations` as the file lists them."""

    item: Item
    on_hand: int = 0
    reserved: int = 0
    updated_at: int = 0
    locations: tuple[Level, ...] = ()

    @staticmethod
    def of(item: Item, levels: Sequence[Level], closed: Collection[str] = ()) -> "SizeWithLevel":
        """The size with these levels of units for sale."""
        return SizeWithLevel(
            item,
            sum(level.on_hand for level in levels),
            sum(level.reserved for level in levels),
            max((level.updated_at for level in levels), default=0),
            listed_levels(levels, closed),
        )


@dataclass(frozen=True, slots=True)
class ProductWithSizes:
    """A product on sale with its sizes, in the owner's order."""

    product: Product
    sizes: tuple[SizeWithLevel, ...]

    @property
    def updated_at(self) -> int:
        """The time of the last change of the product or its stock, in ms."""
        return max([self.product.updated_at, *(size.updated_at for size in self.sizes)])


def listed_products(
    products: Iterable[Product],
    items: Iterable[Item],
    levels: Iterable[Level],
    locations: Iterable[Location] = (),
) -> list[ProductWithSizes]:
    """All products on sale, in the owner's order."""
    first: dict[str, Level] = {}
    others: dict[str, list[Level]] = {}
    for level in levels:
        if level.location == DEFAULT_LOCATION:
            first[level.sku] = level
        elif is_for_sale(level.location):
            others.setdefault(level.sku, []).append(level)
    closed = {location.key for location in locations if not location.active}

    def listed(item: Item) -> SizeWithLevel:
        level, elsewhere = first.get(item.sku), others.get(item.sku)
        if elsewhere is not None:
            there = elsewhere if level is None else [level, *elsewhere]
            return SizeWithLevel.of(item, there, closed)
        if level is None:
            return SizeWithLevel(item)
        return SizeWithLevel(item, level.on_hand, level.reserved, level.updated_at)

    rows = sorted(
        (item for item in items if not item.archived),
        key=lambda item: (item.product_id, item.position, item.size),
    )
    sizes = {
        id_: tuple(map(listed, group))
        for id_, group in groupby(rows, key=lambda item: item.product_id)
    }
    on_sale = [
        ProductWithSizes(product, sizes.get(product.product_id, ()))
        for product in products
        if not product.archived
    ]
    return sorted(
        on_sale, key=lambda listing: (listing.product.position, listing.product.product_id)
    )


def time_text(at: int) -> str:
    """A time in ms as ISO 8601 in UTC with milliseconds and `Z`."""
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ProductsText:
    """The text of the file, product by product, kept up to date with the products on sale."""

    def __init__(self, text: str) -> None:
        """`text` must be valid for `read_products`."""
        sliced = slice_products(text)
        self._style = sliced.style
        self._depth = sliced.depth
        self._head = text[: sliced.begin]
        self._inner = text[sliced.begin : sliced.end] if not sliced.texts else ""
        self._tail = text[sliced.end :]
        self._places = sliced.places
        self._texts = sliced.texts

    @property
    def texts(self) -> Mapping[str, str]:
        """The text of each product, by id."""
        return self._texts

    def show(
        self, wanted: Sequence[ProductWithSizes], stale: Collection[str] | None = None
    ) -> bytes:
        """The file's new content: these products, in this order.

        Of the products in the file only the `stale` ones are updated; None means all.
        """
        texts = {}
        for listing in wanted:
            id_ = listing.product.product_id
            old = self._texts.get(id_)
            if old is None:
                node = lay_out(_filled(listing, None, self._style), self._style, self._depth)
                texts[id_] = text_of(node)
            elif stale is None or id_ in stale:
                texts[id_] = self._changed(listing, old)
            else:
                texts[id_] = old
        self._texts = texts
        self._make_places(len(texts))
        pieces = [
            f"{lead}{text}{after}"
            for (lead, after), text in zip(self._places, texts.values(), strict=True)
        ]
        return "".join((self._head, ",".join(pieces) or self._inner, self._tail)).encode()

    def sample(self, most: int, count: int | None = None) -> str:
        """The text with its first products: at most `most` characters and `count` products."""
        places: list[tuple[str, str]] = []
        texts: list[str] = []
        size = 0
        for place, text in zip(self._places, self._texts.values(), strict=True):
            size += len(text)
            if size > most or len(texts) == count:
                break
            places.append(place)
            texts.append(text)
        if places and len(places) < len(self._places):
            places[-1] = (places[-1][0], self._places[-1][1])
        pieces = [f"{lead}{text}{after}" for (lead, after), text in zip(places, texts, strict=True)]
        return "".join((self._head, ",".join(pieces) or self._inner, self._tail))

    def _changed(self, listing: ProductWithSizes, text: str) -> str:
        """A product's text with its present values.

        `lastUpdated` changes only together with other values: a file that is up to date stays as it
        is.
        """
        old = parse(text, "").node
        assert isinstance(old, Branch)
        wanted = _filled(listing, old, self._style)
        updated = old.get("lastUpdated")
        if updated is not None:
            wanted.put("lastUpdated", updated)
        merged = merge(old, wanted, self._style, self._depth)
        changed = text_of(merged)
        if changed == text:
            return text
        assert isinstance(merged, Branch)
        as_before = updated.string if isinstance(updated, Leaf) else None
        if as_before is None or time_of(as_before) != listing.updated_at:
            wanted.put("lastUpdated", Leaf(quote(time_text(listing.updated_at))))
            merged = merge(merged, wanted, self._style, self._depth)
        return text_of(merged)

    def _make_places(self, count: int) -> None:
        """Adjusts the white space around products; new products get that of their neighbours."""
        places, style = self._places, self._style
        end = places[-1][1] if places else line_lead(style, self._depth - 1)
        if style.unit is None and not places:
            end = ""
        del places[count:]
        if places:
            places[-1] = (places[-1][0], "")
        while len(places) < count:
            if style.unit is not None:
                lead = line_lead(style, self._depth)
            else:
                lead = style.gap if places else ""
            places.append((places[-1][0] or lead if places else lead, ""))
        if places:
            places[-1] = (places[-1][0], end)


def _filled(listing: ProductWithSizes, old: Branch | None, style: Style) -> Branch:
    """The owner's object with every known field that it has, or whose value is not the default.

    A product that is not in a file yet gets all fields of the format.
    """
    product = listing.product
    branch = _owners(product.extra)
    new = old is None and not branch.slots
    key = next((name for name in ID_FIELDS if _is_blank(branch, name) or _has(old, name)), "id")
    fill = _Filler(branch, old, everything=new)
    fill(key, quote(product.product_id), None)
    fill("name", quote(product.name), quote(product.product_id))
    fill("category", quote(product.category), '""')
    fill.price(product)
    sizes = Branch("{}")
    old_sizes = None if old is None else old.get("sizes")
    for size in listing.sizes:
        name = size.item.size
        old_size = old_sizes.get(name) if isinstance(old_sizes, Branch) else None
        sizes.put(name, _size(size, old_size if isinstance(old_size, Branch) else None))
    listed = new or _has(branch, "sizes") or _has(old, "sizes")
    if sizes.slots or (listed and not _is_blank(old, "sizes")):
        branch.put("sizes", sizes)
    fill("restockDate", NULL if product.restock_date is None else quote(product.restock_date), NULL)
    if new or (old is None and _has(branch, "lastUpdated")):
        branch.put("lastUpdated", Leaf(quote(time_text(listing.updated_at))))
    return branch


def _size(size: SizeWithLevel, old: Branch | None) -> Branch:
    item = size.item
    branch = _owners(item.extra)
    fill = _Filler(branch, old, everything=old is None and not branch.slots)
    fill("skuId", NULL if item.sku_id is None else quote(item.sku_id), NULL)
    fill("priceId", NULL if item.price_id is None else quote(item.price_id), NULL)
    fill("soldOut", "true" if item.sold_out else "false", "false")
    fill("stock", str(size.on_hand), "0")
    fill("reserved", str(size.reserved), "0")
    fill("lowStockThreshold", str(item.low_stock_threshold), str(DEFAULT_THRESHOLD))
    put_locations(branch, size.locations, old)
    if item.bundle is not None or _has(branch, "bundle") or _has(old, "bundle"):
        branch.put("bundle", bundle_node(item, None if old is None else old.get("bundle")))
    return branch


class _Filler:
    """Puts known fields into an object, if it has them or their values are not the default."""

    def __init__(self, branch: Branch, old: Branch | None, *, everything: bool) -> None:
        self._found = branch
        self._old = old
        self._everything = everything

    def __call__(self, name: str, text: str, default: str | None) -> None:
        if text == default and _is_blank(self._old, name):
            text = NULL
        exists = _has(self._found, name) or _has(self._old, name)
        if exists or self._everything or text != default:
            self._found.put(name, Leaf(text))

    def price(self, product: Product) -> None:
        """Puts the price, with the owner's own digits if they have the same value."""
        old = None if self._old is None else self._old.get("price")
        if product.price is None:
            self("price", NULL, NULL)
        elif old is not None and price_of(old) == product.price:
            self._found.put("price", old)
        else:
            self("price", format(product.price, "f"), NULL)


def _owners(extra: str) -> Branch:
    node = parse(extra, "extra").node
    assert isinstance(node, Branch)
    return node


def _has(node: Branch | None, name: str) -> bool:
    return node is not None and node.get(name) is not None


def _is_blank(node: Branch | None, name: str) -> bool:
    """Whether a field exists and is null."""
    value = None if node is None else node.get(name)
    return isinstance(value, Leaf) and value.text == NULL
