"""The text of the owner's file, stored as a row, so that a copy to another store includes it.

A store that is filled from this one writes products.json with the same layout: list or object,
order of fields, indentation, line ends, byte order mark. The row is written when the owner saves
the file, not when the service does, because the service can repeat its own changes.
"""

import re

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.locations.locations import Location
from fancymonkey.core.model import Item, Level, Product
from fancymonkey.core.state import Rows
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.read import read_products
from fancymonkey.store.products_file.write import NEW_FILE, ProductsText, listed_products

FOLDER = "file"
NAME = "products.json"
MAX_CHARACTERS = 256 * 1024
"""The limit of the stored text: of a longer file, only the first products are stored."""

JUDGED = 20
"""The number of products that are compared with the service's own layout."""

_VALUE = re.compile(r'(:\s*)(?:"(?:[^"\\]|\\.)*"|[-+.0-9eE]+|true|false|null)')


def keeping(text: ProductsText, rows: Rows) -> list[PutDocuments]:
    """The command that stores the owner's text; empty if it is stored, or has our own layout."""
    body, stored = text.sample(MAX_CHARACTERS), _stored(rows)
    if not text.texts or body == stored or not (stored or _is_the_owners(text, rows)):
        return []
    return [PutDocuments(drafts=(DocumentWrite(FOLDER, NAME, body),), actor="file")]


def is_kept(rows: Rows) -> bool:
    """Whether the store has the owner's text."""
    return bool(_stored(rows))


def _is_the_owners(text: ProductsText, rows: Rows) -> bool:
    """Whether the layout differs from the service's own, judged by the first products."""
    first = list(text.texts)[:JUDGED]
    skus = [row for row in rows[Item].values() if row.product_id in first]
    wanted = {row.sku for row in skus}
    levels = [level for level in rows[Level].values() if level.sku in wanted]
    products = (rows[Product][id_] for id_ in first if id_ in rows[Product])
    shown = listed_products(products, skus, levels, rows[Location].values())
    ours = ProductsText(NEW_FILE).show(shown).decode()
    return _shape(ours) != _shape(text.sample(MAX_CHARACTERS, JUDGED))


def _shape(text: str) -> str:
    """The text without its values, because `lastUpdated` may differ."""
    return _VALUE.sub(r"\1", text)


def text_to_write(rows: Rows) -> ProductsText:
    """The text from which a new products.json is made."""
    body = _stored(rows)
    try:
        if body:
            read_products(body.encode(), NAME, lenient=True)
    except DataError:  # written by another version of this program
        body = ""
    return ProductsText(body or NEW_FILE)


def _stored(rows: Rows) -> str:
    document = rows[Document].get((FOLDER, NAME))
    return "" if document is None else str(document.body)
