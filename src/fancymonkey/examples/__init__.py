"""The sample catalogue: sixteen products of a shop that does not exist."""

from importlib.resources import files

from fancymonkey.core.catalogue.products import NewItem, UpsertProduct
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.store.products_file.read import read_products

NAME = "products.json"


def products_json() -> bytes:
    """The catalogue as the file `products.json` of a JSON store."""
    return files(__name__).joinpath(NAME).read_bytes()


def commands() -> list[UpsertProduct]:
    """The catalogue as commands for any other store."""
    return [
        UpsertProduct(
            product=described.product,
            location=DEFAULT_LOCATION,
            items=tuple(NewItem(size.item, size.stock) for size in described.sizes),
            actor="init",
            reason="sample catalogue",
        )
        for described in read_products(products_json(), NAME).products.values()
    ]
