"""The stock rows as a file: CSV or XLSX, filtered and sorted by a query."""

import asyncio
from collections.abc import Iterator, Sequence

from fancymonkey.core.stock.status import StockRow
from fancymonkey.errors import DataError
from fancymonkey.spreadsheets import csv_table, xlsx_process
from fancymonkey.spreadsheets.columns import COLUMNS, KINDS
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.history import file_reply
from fancymonkey.web.admin_api.row_query import Query, row_query_of
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem, Request, Response

TEMPLATE = (
    *("productId", "size", "name", "category", "price", "stock", "lowStockThreshold", "soldOut"),
    *("restockDate", "skuId", "priceId", "image"),
)
"""The columns of an empty template."""

PORTION = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def export(context: AppContext, request: Request) -> Response:
    """Returns the rows of the query as a file, or an empty template."""
    await require(context, request, "read")
    query = Query(request)
    as_sheet = query.one_of("format", "csv", "xlsx") == "xlsx"
    template = query.flag("template")
    columns = _columns(query.text("columns"), TEMPLATE if template else COLUMNS)
    revision, rows = (
        (0, []) if template else await context.table.rows(row_query_of(query, context.spelling))
    )
    if len(rows) > csv_table.ROWS_MAX:
        raise Problem(
            422,
            "too_many_rows",
            f"A file can have at most {csv_table.ROWS_MAX} rows. Choose fewer rows.",
        )
    stocked = [row.stocked for row in rows]
    day = iso(context.engine.clock())[:10]
    name = "template" if template else f"stock-{day}"
    if not as_sheet:
        body = await asyncio.to_thread(_csv, stocked, columns, revision)
        return file_reply(body, "text/csv; charset=utf-8", f"{name}.csv")
    kinds = [KINDS.get(column, "text") for column in columns]
    with context.sheets:
        try:
            body = await xlsx_process.write(columns, kinds, _portions(stocked, columns, revision))
        except DataError as error:
            raise Problem(422, "invalid_request", str(error)) from None
    return file_reply(body, XLSX, f"{name}.xlsx")


def _columns(given: str | None, default: Sequence[str]) -> Sequence[str]:
    if given is None:
        return default
    names = given.split(",")
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise Problem(
            422, "invalid_request", f"columns must be some of {', '.join(COLUMNS)}, each once."
        )
    return names


def _csv(rows: Sequence[StockRow], columns: Sequence[str], revision: int) -> bytes:
    return (csv_table.BOM + "".join(csv_table.write(rows, columns, revision))).encode()


def _portions(
    rows: Sequence[StockRow], columns: Sequence[str], revision: int
) -> Iterator[list[list[str]]]:
    for start in range(0, len(rows), PORTION):
        yield [csv_table.texts_of(row, columns, revision) for row in rows[start : start + PORTION]]
