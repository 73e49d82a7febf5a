"""The bodies of products over HTTP, and their conversion to fields of the core."""

import re
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from fancymonkey.core.model import Item, Product
from fancymonkey.spreadsheets.cells.cells import PARSERS, exact_price
from fancymonkey.store.products_file.fields.extra_fields import image_of, with_image
from fancymonkey.web.admin_api.catalogue.product_models import (
    AddProductBody,
    ChangeProductBody,
    SeenProduct,
    SeenSize,
    SizeBody,
)
from fancymonkey.web.http.bodies.json_body import JsonBody
from fancymonkey.web.http.bodies.spelling import new_name
from fancymonkey.web.http.messages import Problem

DIGITS_MAX = 20
Fields = dict[str, Any]
Priced = TypeVar("Priced", AddProductBody, ChangeProductBody)


class _SeenPrice(Struct):
    price: Raw | UnsetType = UNSET


class _Prices(Struct):
    """The prices of a body as they were sent."""

    price: Raw | UnsetType = UNSET
    was: _SeenPrice | None = None


_prices = msgspec.json.Decoder(_Prices)
_price: msgspec.json.Decoder[Decimal | None] = msgspec.json.Decoder(Decimal | None)
_DIGITS = re.compile(rb'"-?[0-9]+(\.[0-9]+)?"')


def with_exact_prices(body: Priced, raw: bytes) -> Priced:
    """The body with its prices exactly as they were sent: pydantic reads JSON numbers as floats.

    Raises Problem 422 for a price in quotes that is not written with digits from 0 to 9: Python's
    decimals also take `1_000` and digits of other scripts.
    """
    sent = _prices.decode(raw)
    if not isinstance(sent.price, UnsetType):
        body = body.model_copy(update={"price": _exact("price", bytes(sent.price))})
    was = getattr(body, "was", None)
    if was is not None and sent.was is not None and not isinstance(sent.was.price, UnsetType):
        price = _exact("was.price", bytes(sent.was.price))
        body = body.model_copy(update={"was": was.model_copy(update={"price": price})})
    return body


def _exact(name: str, price: bytes) -> Decimal | None:
    if price.startswith(b'"') and not _DIGITS.fullmatch(price):
        raise Problem(422, "invalid_request", f"{name} must be a number such as 58 or 58.50.")
    return _price.decode(price)


def product_fields(body: AddProductBody | ChangeProductBody, extra: str) -> Fields:
    """The given fields of a body, by the names of the model. Raises Problem 422."""
    given = body.model_fields_set if isinstance(body, ChangeProductBody) else _OF_PRODUCT
    fields: Fields = {}
    for name in ("name", "category", "price", "restock_date"):
        if name in given:
            fields[name] = _checked(name, getattr(body, name))
            if name in ("name", "category"):
                fields[name] = new_name(name, fields[name])
    if "image" in given:
        fields["extra"] = with_image(extra, _checked("image", body.image))
    return {name: value for name, value in fields.items() if name != "extra" or value != extra}


_OF_PRODUCT = {"name", "category", "price", "image", "restock_date"}


def size_fields(body: SizeBody) -> Fields:
    """The same for a size."""
    return {
        name: _checked(name, value) if name.endswith("_id") else value
        for name, value in _given(body, _OF_SIZE).items()
    }


def seen_product(was: SeenProduct | None, now: Product) -> Fields:
    """The seen values, by the names of the model; the image is one of the owner's extra fields.

    Raises Problem 409.
    """
    if was is not None and "image" in was.model_fields_set:
        if (was.image or None) != image_of(now.extra):
            raise Problem(
                409,
                "stale",
                "image has changed since you saw it.",
                field="image",
                expected=was.image,
                present=image_of(now.extra),
            )
    return _given(was, ("name", "category", "price", "restock_date"))


def seen_size(was: SeenSize | None) -> Fields:
    """The same for a size."""
    return _given(was, _OF_SIZE)


_OF_SIZE = ("low_stock_threshold", "sku_id", "price_id", "sold_out")


def _given(body: JsonBody | None, names: tuple[str, ...]) -> Fields:
    """The fields that a body has."""
    sent = set() if body is None else body.model_fields_set
    return {name: getattr(body, name) for name in names if name in sent}


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
