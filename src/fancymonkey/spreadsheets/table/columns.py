"""The columns of the table: their names, their cells for a size, and which may be changed."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from fancymonkey.core import immutable
from fancymonkey.core.bundles.definition import definition_of
from fancymonkey.core.model import Item, Product
from fancymonkey.core.stock.status import StockRow, status_of
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.cells.bundle_text import bundle_text
from fancymonkey.store.products_file.fields.extra_fields import image_of
from fancymonkey.store.products_file.write import time_text

COLUMNS = (
    "productId",
    "name",
    "category",
    "price",
    "size",
    "skuId",
    "priceId",
    "stock",
    "reserved",
    "available",
    "lowStockThreshold",
    "soldOut",
    "status",
    "restockDate",
    "backordered",
    "short",
    "lastChanged",
    "image",
    "exported",
)
"""The columns of a shop with one location and without bundles."""

LOCATION = "location"
"""The column of a table with a row for each size and location."""

BUNDLE = "bundle"
"""The column of a table with bundles."""

ALL_COLUMNS = (*COLUMNS[:5], LOCATION, *COLUMNS[5:-1], BUNDLE, COLUMNS[-1])


def columns_with(*, locations: bool, bundles: bool) -> tuple[str, ...]:
    """The columns of an export, with those of locations and bundles if it has any."""
    without = {LOCATION: not locations, BUNDLE: not bundles}
    return tuple(name for name in ALL_COLUMNS if not without.get(name))


@immutable.dataclass(frozen=True, slots=True)
class LocationRow(StockRow):
    """A size at one location: its stock is the stock there."""

    location: str = ""


PRODUCT_FIELDS = {
    "name": "name",
    "category": "category",
    "price": "price",
    "restockDate": "restock_date",
    "image": "extra",
}
ITEM_FIELDS = {
    "skuId": "sku_id",
    "priceId": "price_id",
    "lowStockThreshold": "low_stock_threshold",
    "soldOut": "sold_out",
}
"""Columns that an import may change in addition to `stock`, with their fields of rows."""

UNREAD = {
    "reserved": "buyers hold these units; release holds on the Holds page",
    "available": "it is computed; change `stock` instead",
    "status": "it is computed; change `stock` or `soldOut` instead",
    "backordered": "it is computed; incoming goods fill it",
    "short": "it is computed; change `stock` instead",
    "lastChanged": "it is computed",
}
"""Columns that an import ignores, with the alternative."""

STOCK_ONLY = frozenset({"stock", "lowStockThreshold", "soldOut", "restockDate"})
"""Columns that staff may change; the others are the owner's."""

NUMBERS = frozenset(
    {"price", "stock", "reserved", "available", "lowStockThreshold", "backordered", "short"}
)
"""Columns whose cells are numbers: a leading minus starts no formula."""

KINDS = dict.fromkeys(NUMBERS, "number") | {"soldOut": "switch", "restockDate": "date"}
"""The spreadsheet type of a column; the others are texts."""

OTHER_NAMES = {
    "productId": "product, id, produkt, produktid, artikel, artikelnummer, artikelnr, article, "
    "producto, codigo",
    "name": "title, productname, produktname, bezeichnung, titel, nom, nombre, nome, titulo",
    "category": "kategorie, warengruppe, type, categorie, categoria",
    "price": "preis, vkpreis, prix, precio, prezzo, preco, unitprice",
    "size": "variant, variante, grosse, groesse, größe, taille, talla, "
    "taglia, tamanho, tamano, maat, storlek",
    "skuId": "skuno, variantsku, artikelcode",
    "priceId": "stripeprice, stripepriceid, stripeid",
    "stock": "onhand, total, quantity, qty, inventory, bestand, lagerbestand, menge, anzahl, "
    "quantite, existencias, cantidad, giacenza, estoque, voorraad, lagersaldo, stockonhand",
    "reserved": "held, reserviert, reserve, reservado, committed",
    "available": "verfugbar, verfügbar, verfuegbar, disponible, disponivel, free",
    "lowStockThreshold": "threshold, lowstock, lowfrom, reorderpoint, mindestbestand, "
    "meldebestand, seuil, minimo, minimum",
    "soldOut": "ausverkauft, epuise, agotado, esaurito, esgotado",
    "status": "zustand, etat, estado, stato",
    "restockDate": "restock, backon, nachschub, wiederda, lieferdatum",
    "lastChanged": "lastupdated, updated, geandert, geändert",
    "location": "ort, standort, lagerort, filiale, emplacement, ubicacion, ubicación, sede, store, "
    "warehouse, locationid, locationname",
    "bundle": "parts, components, bundlecomponents, set, teile, bestandteile",
    "image": "picture, imageurl, bild, bildurl, photo, foto, imagen",
}
"""The names of the columns in other languages and in exports of other shops."""

MAPPED = {name.lower(): name for name in ALL_COLUMNS} | {
    other: name for name, others in OTHER_NAMES.items() for other in others.split(", ")
}


@dataclass(frozen=True, slots=True)
class Record:
    """One line of a table: its number in the file, and its cells by column.

    `fault` is an error of the whole line, or of the cell `fault_column`.
    """

    number: int
    cells: dict[str, str]
    fault: str = ""
    fault_column: str = ""
    fault_code: str = ""


def columns_of(header: Iterable[str]) -> list[str]:
    """The columns of the cells of a header, an empty text for an empty cell. Raises DataError."""
    cells = list(header)
    columns = [_column(cell) for cell in cells]
    missing = [name for name in ("productId", "size") if name not in columns]
    if missing:
        raise DataError(f"The column {missing[0]} is missing: it identifies the size.")
    for name in filter(None, columns):
        if columns.count(name) > 1:
            both = [cell[:80] for cell, other in zip(cells, columns, strict=True) if other == name]
            named = "" if len(set(both)) < 2 else f": {' and '.join(map(repr, both))} mean the same"
            raise DataError(f"The column {name} is repeated{named}.")
    return columns


def cells_for_keys(header: Iterable[str]) -> int:
    """The number of cells of a line that name its size; more than any line has without such
    columns.
    """
    names = [_known(cell) for cell in header]
    places = [names.index(name) + 1 for name in ("productId", "size") if name in names]
    return max(places) if len(places) == 2 else len(names) + 1


def _column(cell: str) -> str:
    if not cell.strip():
        return ""
    column = _known(cell)
    if column is None:
        raise DataError(f"Unknown column {cell[:80]!r}. The columns are {', '.join(ALL_COLUMNS)}.")
    return column


def _known(cell: str) -> str | None:
    words = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", cell).lower())
    return MAPPED.get(words) or MAPPED.get(_without_accents(words))


def _without_accents(text: str) -> str:
    """`quantite` for `quantité`."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char)
    )


def cells_of(row: StockRow) -> dict[str, str]:
    """A size as texts, one per column except `exported`; a missing value is an empty text.

    Only a row with a location has its column, only a bundle has that of its definition.
    """
    stock = row.stock
    return {
        **product_cells(row.product),
        **item_cells(row.item),
        **({LOCATION: row.location} if isinstance(row, LocationRow) else {}),
        **({} if row.item.bundle is None else {BUNDLE: bundle_text(definition_of(row.item))}),
        "stock": str(stock.on_hand),
        "reserved": str(stock.reserved),
        "available": str(stock.available),
        "status": status_of(row),
        "backordered": str(stock.backordered),
        "short": str(stock.short),
        "lastChanged": time_text(stock.updated_at or row.product.updated_at),
    }


def product_cells(product: Product) -> dict[str, str]:
    """The cells that are the same for all sizes of a product."""
    return {
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": "" if product.price is None else format(product.price, "f"),
        "restockDate": product.restock_date or "",
        "image": image_of(product.extra) or "",
    }


def item_cells(item: Item) -> dict[str, str]:
    """The cells of a size that are not a quantity of stock."""
    return {
        "size": item.size,
        "skuId": item.sku_id or "",
        "priceId": item.price_id or "",
        "lowStockThreshold": str(item.low_stock_threshold),
        "soldOut": "true" if item.sold_out else "false",
    }
