"""Reports fields that an owner may expect to have an effect, and that the file only stores."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from fancymonkey.store.products_file.read import Described

_OF_PRODUCTS = {
    "archived": "take the product out of the file instead",
    "available": "it is computed; change stock of its sizes instead",
}
_OF_SIZES = {
    "price": "all sizes of a product have its price",
    "available": "it is computed; change stock instead",
    "onHand": "change stock instead",
    "quantity": "change stock instead",
    "safetyStock": "set it on the page Stock",
}


def unused_fields(
    file: Mapping[str, Described], written: Sequence[Mapping[str, Described]]
) -> list[str]:
    """A text about each such field that an edit has added."""
    texts: list[str] = []
    for id_, described in file.items():
        before = [version[id_] for version in written if id_ in version]
        known = {name for old in before for name in old.fields}
        texts += _added(id_, described.fields, known, _OF_PRODUCTS)
        for size in described.sizes:
            sku = size.item.sku
            known = {
                name
                for old in before
                for other in old.sizes
                if other.item.sku == sku
                for name in other.fields
            }
            texts += _added(sku, size.fields, known, _OF_SIZES)
    return texts


def _added(
    key: str, fields: Collection[str], known: Collection[str], unused: Mapping[str, str]
) -> Iterator[str]:
    for name, instead in unused.items():
        if name in fields and name not in known:
            yield f"{key}: {name} is stored as a field of your own, without an effect: {instead}"
