"""The owner's file as the owner wrote it, kept as a row: it goes along to any other store.

A store that is filled from this one writes products.json in the same words: list or object, order
of fields, indentation, line ends, byte order mark. The row is written when the owner saves the
file, not when the service does: what the service changes, it can write again.
"""

import re

from fancymonkey.core.documents.document import Document
from fancymonkey.core.documents.put import DocumentWrite, PutDocuments
from fancymonkey.core.model import MAIN, Item, Level, Product
from fancymonkey.core.state import Rows
from fancymonkey.errors import DataError
from fancymonkey.store.products_file.read import read_products
from fancymonkey.store.products_file.write import NEW_FILE, ProductsText, shelves

FOLDER = "file"
NAME = "products.json"
MAX_CHARACTERS = 256 * 1024
"""Of a longer file the first products are kept; the others are written like new ones."""

JUDGED = 20
"""Products by which a file is compared with what the service would write."""

_VALUE = re.compile(r'(:\s*)(?:"(?:[^"\\]|\\.)*"|[-+.0-9eE]+|true|false|null)')


def keeping(text: ProductsText, rows: Rows) -> list[PutDocuments]:
    """The command that keeps the owner's text; none where it is kept, or is as the service's."""
    body, kept = text.sample(MAX_CHARACTERS), _kept(rows)
    if not text.texts or body == kept or not (kept or _is_the_owners(text, rows)):
        return []
    return [PutDocuments(drafts=(DocumentWrite(FOLDER, NAME, body),), actor="file")]


def is_kept(rows: Rows) -> bool:
    """Whether the store has the owner's text."""
    return bool(_kept(rows))


def _is_the_owners(text: ProductsText, rows: Rows) -> bool:
    """Whether the service would write the file in other words, judged by the first products."""
    first = list(text.texts)[:JUDGED]
    skus = [row for row in rows[Item].values() if row.product_id in first]
    levels = [rows[Level].get((row.sku, MAIN)) or Level(row.sku) for row in skus]
    found = shelves((rows[Product][id_] for id_ in first if id_ in rows[Product]), skus, levels)
    ours = ProductsText(NEW_FILE).show(found).decode()
    return _shape(ours) != _shape(text.sample(MAX_CHARACTERS, JUDGED))


def _shape(text: str) -> str:
    """A text without its values: `lastUpdated` alone may differ."""
    return _VALUE.sub(r"\1", text)


def text_to_write(rows: Rows) -> ProductsText:
    """What a products.json begins from that is written for the first time."""
    body = _kept(rows)
    try:
        if body:
            read_products(body.encode(), NAME, lenient=True)
    except DataError:  # by another version of this program
        body = ""
    return ProductsText(body or NEW_FILE)


def _kept(rows: Rows) -> str:
    found = rows[Document].get((FOLDER, NAME))
    return "" if found is None else str(found.body)
