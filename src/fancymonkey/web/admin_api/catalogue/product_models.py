"""The bodies and answers of products."""

from decimal import Decimal
from typing import Annotated, Any, NotRequired

from pydantic import Field, WithJsonSchema, with_config
from typing_extensions import TypedDict

from fancymonkey.core.model import MAX_QUANTITY
from fancymonkey.web.admin_api.catalogue.bundle_models import BundleBody, BundleOut
from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import Id, JsonBody, Number, Ok, Text, example

SIZES_MAX = 100
Address = Annotated[str, Field(max_length=2000)]
Stock = Annotated[int, Field(ge=0, le=MAX_QUANTITY)]
Price = Annotated[Decimal, WithJsonSchema({"type": "number"})]

_SIZE = {
    "size": "M",
    "skuId": "sku_midnight_emerald_m",
    "priceId": "price_midnight_emerald_m",
    "lowStockThreshold": 5,
    "soldOut": False,
    "archived": False,
    "stock": 20,
    "reserved": 2,
    "other": {},
}
_PRODUCT = {
    "productId": "prod_hoodie_001",
    "name": "MIDNIGHT EMERALD HOODIE",
    "category": "hoodies",
    "price": 58,
    "image": None,
    "restockDate": None,
    "archived": False,
    "lastUpdated": "2025-10-07T12:00:00.000Z",
    "other": {},
    "sizes": [_SIZE],
}
_DONE = {
    "success": True,
    **named_change("act_8e6c1d2f0a59b0c4d2e6f81a"),
    "product": _PRODUCT,
    "revision": 84,
}


class SeenSize(JsonBody):
    """The values of a size that the owner saw; missing ones are not compared."""

    low_stock_threshold: Stock = 0
    sku_id: Text | None = None
    price_id: Text | None = None
    sold_out: bool = False
    bundle: BundleBody | None = None


class SizeBody(JsonBody):
    """A size; missing fields stay unchanged, or get their defaults for a new size."""

    size: Id
    stock: Stock | None = None
    low_stock_threshold: Stock = 0
    sku_id: Text | None = None
    price_id: Text | None = None
    sold_out: bool = False
    bundle: BundleBody | None = None
    was: SeenSize | None = None


class AddProductBody(JsonBody):
    """A new product."""

    model_config = example(
        {
            "productId": "prod_cap_009",
            "name": "CANOPY CAP",
            "category": "caps",
            "price": 24.5,
            "image": "https://cdn.example/cap.webp",
            "sizes": [{"size": "OS", "stock": 40}],
        }
    )

    product_id: Id
    name: Text
    sizes: Annotated[list[SizeBody], Field(min_length=1, max_length=SIZES_MAX)]
    category: Text = ""
    price: Price | None = None
    image: Address | None = None
    restock_date: Text | None = None
    reason: Text = ""


class SeenProduct(JsonBody):
    """The values of a product's own fields that the owner saw; missing ones are not compared."""

    name: str = ""
    category: str = ""
    price: Price | None = None
    image: str | None = None
    restock_date: str | None = None


class ChangeProductBody(JsonBody):
    """The changes of a product; missing fields stay unchanged."""

    model_config = example(
        {
            "productId": "prod_hoodie_001",
            "price": 62,
            "was": {"price": 58},
            "sizes": [{"size": "M", "lowStockThreshold": 8}],
        }
    )

    product_id: Id
    name: Text = ""
    category: Text = ""
    price: Price | None = None
    image: Address | None = None
    restock_date: Text | None = None
    sizes: Annotated[list[SizeBody], Field(max_length=SIZES_MAX, default_factory=list)]
    was: SeenProduct | None = None
    reason: Text = ""


class ArchiveProductBody(JsonBody):
    """The product or size to take off sale or put back."""

    model_config = example({"productId": "prod_hoodie_001", "size": "M", "endHolds": True})

    product_id: Id
    size: Id | None = None
    archived: bool = True
    end_holds: bool = False
    reason: Text = ""


class SizeOut(TypedDict):
    """A size with all its fields; `other` has the owner's own."""

    size: str
    skuId: str | None
    priceId: str | None
    lowStockThreshold: int
    soldOut: bool
    archived: bool
    stock: int
    reserved: int
    bundle: NotRequired[BundleOut]
    other: dict[str, Any]


class ProductOut(TypedDict):
    """A product with all its fields; `other` has the owner's own."""

    productId: str
    name: str
    category: str
    price: Number | None
    image: str | None
    restockDate: str | None
    archived: bool
    lastUpdated: str
    other: dict[str, Any]
    sizes: list[SizeOut]


@with_config(example({"success": True, "revision": 82, "currency": "usd", "products": [_PRODUCT]}))
class ProductList(TypedDict):
    """The products at one revision."""

    success: Ok
    revision: int
    currency: str
    products: list[ProductOut]


@with_config(example(_DONE))
class ChangedProduct(NamedChange):
    """A product after a change."""

    success: Ok
    product: ProductOut
    revision: int


@with_config(
    example(
        {
            **_DONE,
            "product": {
                **_PRODUCT,
                "productId": "prod_cap_009",
                "name": "CANOPY CAP",
                "category": "caps",
                "price": 24.5,
                "image": "https://cdn.example/cap.webp",
                "sizes": [
                    {
                        **_SIZE,
                        "size": "OS",
                        "skuId": None,
                        "priceId": None,
                        "stock": 40,
                        "reserved": 0,
                    }
                ],
            },
        }
    )
)
class AddedProduct(ChangedProduct):
    """A new product."""
