"""The owner's stock rows: every SKU as a row, encoded once per change, at one revision."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fancymonkey.core.changes.bulk import select
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow, status_of
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.view.view import View
from fancymonkey.store.products_file.fields.bundle_json import definition_out
from fancymonkey.timestamps import iso
from fancymonkey.web.http.bodies.wire import encode, stock_fields
from fancymonkey.web.http.etag import etag_of
from fancymonkey.web.read_models.row_query import RowQuery, ordered

SLICE_SECONDS = 0.005
"""The longest time without a pause for other tasks while the rows are encoded."""

THREAD_ROWS = 1000
"""Tables with more rows are filtered and sorted in a thread."""


@dataclass(frozen=True, slots=True)
class StockRowJson:
    """A SKU with its JSON, and its own units: of a bundle only the pre-built ones."""

    stocked: StockRow
    units: SkuStock
    body: bytes


LOCATIONS_KEPT = 4
"""The most locations whose rows are kept as JSON."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one product, with archived ones, as of a change of the view."""

    change: tuple[int, bool]
    rows: list[StockRowJson]


class StockRows:
    """Every SKU, also archived ones, from the engine's view.

    With a `location` the rows have the stock there, else that of all locations together.
    """

    def __init__(self, engine: Engine, location: str | None = None) -> None:
        self._engine = engine
        self._location = location
        self._products: dict[str, Rows] = {}
        self._rows_at: dict[str, StockRows] = {}

    def at(self, location: str) -> "StockRows":
        """The rows with the stock at a location."""
        rows = self._rows_at.pop(location, None) or StockRows(self._engine, location)
        self._rows_at[location] = rows  # the latest is the last
        if len(self._rows_at) > LOCATIONS_KEPT:
            del self._rows_at[next(iter(self._rows_at))]
        return rows

    async def choose(self, choice: RowQuery) -> list[StockRow]:
        """The matching rows, all at one revision."""
        return [row.stocked for row in (await self.rows(choice))[1]]

    async def rows(self, choice: RowQuery) -> tuple[int, list[StockRowJson]]:
        """The revision, and the matching rows at it."""
        await self.prepare()
        revision, rows = self._all()
        if len(rows) > THREAD_ROWS:
            return revision, await asyncio.to_thread(_chosen, rows, choice)
        return revision, _chosen(rows, choice)

    async def answer(self, choice: RowQuery, currency: str, now: int) -> tuple[bytes, bytes]:
        """The JSON of the matching rows, and an ETag of the content."""
        revision, rows = await self.rows(choice)
        if len(rows) > THREAD_ROWS:
            return await asyncio.to_thread(_answer, revision, rows, currency, now)
        return _answer(revision, rows, currency, now)

    async def prepare(self) -> None:
        """Encodes the changes, with pauses for other tasks."""
        clock = asyncio.get_running_loop().time
        until = clock() + SLICE_SECONDS
        self.stop_counting_due()
        for id_ in list(self._engine.view.order):
            self.of_product(id_)
            if clock() > until:
                await asyncio.sleep(0)
                until = clock() + SLICE_SECONDS

    def snapshot(self, currency: str) -> bytes:
        """The JSON of everything on sale. Call `prepare` first if there may be many rows."""
        revision, rows = self._all()
        return _answer(revision, _chosen(rows, RowQuery()), currency, self._engine.clock())[0]

    def stop_counting_due(self) -> None:
        """Expired holds no longer count."""
        due = self._engine.view.next_due()
        if due is not None and due <= self._engine.clock():
            self._engine.expire_view()

    def _all(self) -> tuple[int, list[StockRowJson]]:
        """All rows at this moment: only changes since `prepare` are encoded."""
        self.stop_counting_due()
        view = self._engine.view
        rows: list[StockRowJson] = []
        for id_ in view.order:
            rows += self.of_product(id_)
        return view.revision, rows

    def of_product(self, product_id: str) -> list[StockRowJson]:
        """The current rows of a product, in the owner's order; empty without a product."""
        view = self._engine.view
        change = (view.touched.get(product_id, 0), view.has_several_locations)
        rows_of_product = self._products.get(product_id)
        if rows_of_product is None or rows_of_product.change != change:
            product = view.products.get(product_id)
            rows: list[StockRowJson] = []
            for sku in view.sizes.get(product_id, ()) if product is not None else ():
                assert product is not None
                location = self._location
                stock = view.stock(sku) if location is None else view.stock_at(sku, location)
                stocked, units = StockRow(product, view.items[sku], stock), stock
                row = row_out(stocked)
                if location is not None:
                    row["location"] = location
                elif stocked.item.bundle is not None:
                    units = view.own_stock(sku)
                    row["preBuilt"] = _pre_built(units)
                if location is None and view.has_several_locations:
                    row["locations"] = locations_out(view, sku)
                rows.append(StockRowJson(stocked, units, encode(row)))
            rows_of_product = self._products[product_id] = Rows(change, rows)
        return rows_of_product.rows


def _chosen(rows: list[StockRowJson], choice: RowQuery) -> list[StockRowJson]:
    """The matching rows, in order."""
    if not choice.archived:
        rows = [row for row in rows if not off_sale(row.stocked)]
    if choice.everything:
        return rows
    bodies = {row.stocked.item.sku: row for row in rows}
    rows_chosen = ordered(select([row.stocked for row in rows], choice.filter), choice)
    return [bodies[stocked.item.sku] for stocked in rows_chosen]


def off_sale(row: StockRow) -> bool:
    """Whether it is archived."""
    return row.item.archived or row.product.archived


def _answer(
    revision: int, rows: list[StockRowJson], currency: str, now: int
) -> tuple[bytes, bytes]:
    body = b",".join([row.body for row in rows])
    tag = etag_of(revision, body)
    head = encode({"success": True, "revision": revision, "serverTime": iso(now)})
    end = encode({"currency": currency, "totals": totals(rows)})
    return b"".join((head[:-1], b',"rows":[', body, b"],", end[1:])), tag


def totals(rows: Sequence[StockRowJson]) -> dict[str, Any]:
    """The totals of rows. Each unit counts once: that of a bundle only if it is pre-built."""
    statuses = [status_of(row.stocked) for row in rows]
    units = [row.units for row in rows]
    return {
        "rows": len(rows),
        "stock": sum(stock.on_hand for stock in units),
        "reserved": sum(stock.reserved for stock in units),
        "available": sum(stock.available for stock in units),
        "backordered": sum(stock.backordered for stock in units),
        "low": statuses.count("low"),
        "out": statuses.count("out") + statuses.count("sold_out"),
        "value": sum(
            (
                row.units.on_hand * row.stocked.product.price
                for row in rows
                if row.stocked.product.price is not None
            ),
            Decimal(0),
        ),
    }


def _pre_built(units: SkuStock) -> dict[str, int]:
    """The units of a bundle that were built: they are in totals, the others are its parts'."""
    return {"stock": units.on_hand, "reserved": units.reserved, "available": units.available}


def locations_out(view: View, sku: str) -> list[dict[str, Any]]:
    """The stock of a SKU at each location."""
    return [
        {
            "location": location,
            "stock": stock.on_hand,
            "reserved": stock.reserved,
            "available": stock.available,
            **_states(stock),
        }
        for location, stock in view.stock_by_location(sku).items()
    ]


def _states(stock: SkuStock) -> dict[str, int]:
    """The units that are paid and not shipped, on their way, or there and not for sale."""
    return {
        "incoming": stock.incoming + stock.in_transit,
        "allocated": stock.allocated,
        "damaged": stock.damaged,
        "quarantine": stock.quarantine,
        "returned": stock.returned,
    }


def row_out(row: StockRow) -> dict[str, Any]:
    """A SKU as the owner's table shows it."""
    product, item, stock = row.product, row.item, row.stock
    return {
        "sku": item.sku,
        "productId": product.product_id,
        "name": product.name,
        "category": product.category,
        "price": product.price,
        "size": item.size,
        "skuId": item.sku_id,
        "priceId": item.price_id,
        **stock_fields(stock, item),
        **_states(stock),
        "status": status_of(row),
        "restockDate": product.restock_date,
        "lastChanged": iso(stock.updated_at or product.updated_at),
        "position": [product.position, item.position],
        **({} if item.bundle is None else {"bundle": definition_out(item)}),
    }
