"""The bodies of products over HTTP, and their conversion to fields of the core."""

import re
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder

from fancymonkey.core.model import Item, Product
from fancymonkey.spreadsheets.cells import PARSERS, exact_price
from fancymonkey.store.products_file.extra_fields import image_of, with_image
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.spelling import new_name
from fancymonkey.web.http.wire import Id, Stock, Text

SIZES_MAX = 100
DIGITS_MAX = 20
Address = Annotated[str, Meta(max_length=2000)]
Fields = dict[str, Any]


class SeenSize(Struct, rename="camel"):
    """The values of a size that the owner saw."""

    low_stock_threshold: Stock | UnsetType = UNSET
    sku_id: Text | UnsetType | None = UNSET
    price_id: Text | UnsetType | None = UNSET
    sold_out: bool | UnsetType = UNSET


class SizeBody(Struct, rename="camel"):
    """A size; missing fields stay unchanged, or get their defaults for a new size."""

    size: Id
    stock: Stock | None = None
    low_stock_threshold: Stock | UnsetType = UNSET
    sku_id: Text | UnsetType | None = UNSET
    price_id: Text | UnsetType | None = UNSET
    sold_out: bool | UnsetType = UNSET
    was: SeenSize | None = None


class AddProductBody(Struct, rename="camel"):
    """A new product."""

    product_id: Id
    name: Text
    sizes: Annotated[list[SizeBody], Meta(min_length=1, max_length=SIZES_MAX)]
    category: Text = ""
    price: Decimal | None = None
    image: Address | None = None
    restock_date: Text | None = None
    reason: Text = ""


class SeenProduct(Struct, rename="camel"):
    """The values of a product's own fields that the owner saw."""

    name: str | UnsetType = UNSET
    category: str | UnsetType = UNSET
    price: Decimal | UnsetType | None = UNSET
    image: str | UnsetType | None = UNSET
    restock_date: str | UnsetType | None = UNSET


class ChangeProductBody(Struct, rename="camel"):
    """The changes of a product; missing fields stay unchanged."""

    product_id: Id
    name: Text | UnsetType = UNSET
    category: Text | UnsetType = UNSET
    price: Decimal | UnsetType | None = UNSET
    image: Address | UnsetType | None = UNSET
    restock_date: Text | UnsetType | None = UNSET
    sizes: Annotated[list[SizeBody], Meta(max_length=SIZES_MAX)] = []
    was: SeenProduct | None = None
    reason: Text = ""


class ArchiveProductBody(Struct, rename="camel"):
    """The product or size to take off sale or put back."""

    product_id: Id
    size: Id | None = None
    archived: bool = True
    end_holds: bool = False
    reason: Text = ""


class _SeenPrice(Struct):
    price: Raw | UnsetType = UNSET


class _Prices(Struct):
    """The prices of a body as they were sent."""

    price: Raw | UnsetType = UNSET
    was: _SeenPrice | None = None


_prices = Decoder(_Prices)
_DIGITS = re.compile(rb'"-?[0-9]+(\.[0-9]+)?"')


def check_price(raw: bytes) -> None:
    """Raises Problem 422 for a price in quotes that is not written with digits from 0 to 9.

    Python's decimals also take `1_000` and digits of other scripts.
    """
    sent = _prices.decode(raw)
    prices = {"price": sent.price, "was.price": UNSET if sent.was is None else sent.was.price}
    for name, price in prices.items():
        if not isinstance(price, UnsetType) and bytes(price).startswith(b'"'):
            if not _DIGITS.fullmatch(bytes(price)):
                raise Problem(
                    422, "invalid_request", f"{name} must be a number such as 58 or 58.50."
                )


def product_fields(body: AddProductBody | ChangeProductBody, extra: str) -> Fields:
    """The given fields of a body, by the names of the model. Raises Problem 422."""
    found: Fields = {}
    for name in ("name", "category", "price", "restock_date"):
        value = getattr(body, name)
        if not isinstance(value, UnsetType):
            found[name] = _checked(name, value)
            if name in ("name", "category"):
                found[name] = new_name(name, found[name])
    if not isinstance(body.image, UnsetType):
        found["extra"] = with_image(extra, _checked("image", body.image))
    return {name: value for name, value in found.items() if name != "extra" or value != extra}


def size_fields(body: SizeBody) -> Fields:
    """The same for a size."""
    found: Fields = {}
    for name in ("low_stock_threshold", "sku_id", "price_id", "sold_out"):
        value = getattr(body, name)
        if not isinstance(value, UnsetType):
            found[name] = _checked(name, value) if name.endswith("_id") else value
    return found


def seen_product(was: SeenProduct | None, now: Product) -> Fields:
    """The seen values, by the names of the model; the image is one of the owner's extra fields.

    Raises Problem 409, 422.
    """
    seen = _given(was, ("name", "category", "price", "restock_date"))
    if isinstance(seen.get("price"), Decimal) and not seen["price"].is_finite():
        raise Problem(422, "invalid_request", "was.price is not a valid price.")
    if was is not None and not isinstance(was.image, UnsetType):
        fits = (was.image or None) == image_of(now.extra)
        if not fits:
            raise Problem(
                409,
                "stale",
                "image has changed since you saw it.",
                field="image",
                expected=was.image,
                present=image_of(now.extra),
            )
    return seen


def seen_size(was: SeenSize | None) -> Fields:
    """The same for a size."""
    return _given(was, ("low_stock_threshold", "sku_id", "price_id", "sold_out"))


def _given(was: Struct | None, names: tuple[str, ...]) -> Fields:
    values = {} if was is None else {name: getattr(was, name) for name in names}
    return {name: value for name, value in values.items() if not isinstance(value, UnsetType)}


COLUMNS = {"restock_date": "restockDate", "sku_id": "skuId", "price_id": "priceId"}


def _checked(name: str, value: Any) -> Any:
    """A value as the cell of a table would contain it. Raises Problem 422."""
    column = COLUMNS.get(name, name)
    parse = PARSERS[column]
    if isinstance(value, Decimal):  # a JSON number, whose point only separates decimals
        value, parse = _digits(value), exact_price
    try:
        return parse(value or "")
    except ValueError as error:
        raise Problem(422, "invalid_request", f"{column} is not {error}.") from None


def _digits(price: Decimal) -> str:
    small = price.is_finite() and abs(price.adjusted()) < DIGITS_MAX
    if not small or len(price.as_tuple().digits) > DIGITS_MAX:
        return "?"
    return format(price, "f")


def new_item(body: SizeBody, product_id: str, sku: str, position: int) -> Item:
    """A new size."""
    return Item(sku, product_id, body.size, position, **size_fields(body))
