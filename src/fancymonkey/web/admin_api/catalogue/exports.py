"""The stock rows as a file: CSV or XLSX, filtered and sorted by a query."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from fancymonkey.core.stock.status import StockRow
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets.table import csv_table, xlsx_process
from fancymonkey.spreadsheets.table.columns import ALL_COLUMNS, KINDS, LOCATION, columns_with
from fancymonkey.spreadsheets.table.location_rows import location_rows
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.stock.row_params import ChosenRows
from fancymonkey.web.auth.location_limits import check_locations
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.files import file_response, files_of
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import Flag, Text
from fancymonkey.web.read_models.row_query import RowQuery
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["dashboard"], route_class=AuthorizedRoute)

TEMPLATE = (
    *("productId", "size", "name", "category", "price", "stock", "lowStockThreshold", "soldOut"),
    *("restockDate", "skuId", "priceId", "image"),
)
"""The columns of an empty template."""

PORTION = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get(
    "/export",
    summary="Export the stock table as CSV or XLSX",
    dependencies=[requires("read", by_location=True)],
    response_class=Response,
    responses=files_of("text/csv", XLSX) | refusals(404),
)
async def export(
    context: Context,
    actor: Caller,
    chosen: ChosenRows,
    format: Annotated[
        Literal["csv", "xlsx"], Query(description="`csv` (the default) or `xlsx`")
    ] = "csv",
    columns: Annotated[
        Text | None,
        Query(description=f"Columns to export, in this order: {', '.join(ALL_COLUMNS)}"),
    ] = None,
    location: Annotated[
        Text | None, Query(description="Only the stock at this location, in a column `location`")
    ] = None,
    locations: Annotated[
        Flag, Query(description="`true`: one row for each size and active location")
    ] = False,
    template: Annotated[Flag, Query(description="`true`: an empty template")] = False,
) -> Response:
    """Returns the rows of the query as a file, or an empty template.

    A limited caller gets a row for each size and own location.
    """
    if location is not None:
        check_locations(actor, location)
        if location not in context.engine.view.locations:
            raise unknown_location(location)
    by_location = bool(locations or location is not None or actor.locations)
    own = actor.locations if location is None else (location,)
    revision, rows = (0, []) if template else await _rows(context, chosen, own, by_location)
    bundles = any(row.item.bundle is not None for row in rows)
    default = columns_with(locations=by_location, bundles=bundles)
    names = _columns(columns, _template(by_location) if template else default)
    if len(rows) > csv_table.ROWS_MAX:
        raise Problem(
            422,
            "too_many_rows",
            f"A file can have at most {csv_table.ROWS_MAX} rows. Choose fewer rows.",
        )
    day = iso(context.engine.clock())[:10]
    name = "template" if template else "-".join(filter(None, ("stock", location, day)))
    if format == "csv":
        body = await asyncio.to_thread(_csv, rows, names, revision)
        return file_response(body, "text/csv; charset=utf-8", f"{name}.csv")
    kinds = [KINDS.get(column, "text") for column in names]
    with context.sheets:
        try:
            body = await xlsx_process.write(names, kinds, _portions(rows, names, revision))
        except DataError as error:
            raise Problem(422, "invalid_request", str(error)) from None
    return file_response(body, XLSX, f"{name}.xlsx")


async def _rows(
    context: AppContext, chosen: RowQuery, own: Sequence[str], by_location: bool
) -> tuple[int, Sequence[StockRow]]:
    """The revision, and the rows of the query at it: totals, or by location.

    With `own` locations the query reads the stock at each of them, and nothing of the others.
    """
    view = context.engine.view
    if own:
        chosen_rows = {id_: (await context.stock_rows.at(id_).rows(chosen))[1] for id_ in own}
        return view.revision, [
            row
            for id_, rows in chosen_rows.items()
            for row in location_rows(view, [row.stocked for row in rows], id_)
        ]
    revision, rows = await context.stock_rows.rows(chosen)
    totals = [row.stocked for row in rows]
    if not by_location:
        return revision, totals
    return view.revision, list(location_rows(view, totals))


def _template(by_location: bool) -> Sequence[str]:
    return (*TEMPLATE[:2], LOCATION, *TEMPLATE[2:]) if by_location else TEMPLATE


def _columns(given: str | None, default: Sequence[str]) -> Sequence[str]:
    if given is None:
        return default
    names = given.split(",")
    unknown = [name for name in names if name not in ALL_COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise Problem(
            422, "invalid_request", f"columns must be some of {', '.join(ALL_COLUMNS)}, each once."
        )
    return names


def _csv(rows: Sequence[StockRow], columns: Sequence[str], revision: int) -> bytes:
    return (csv_table.BOM + "".join(csv_table.write(rows, columns, revision))).encode()


def _portions(
    rows: Sequence[StockRow], columns: Sequence[str], revision: int
) -> Iterator[list[list[str]]]:
    for start in range(0, len(rows), PORTION):
        yield [csv_table.texts_of(row, columns, revision) for row in rows[start : start + PORTION]]
