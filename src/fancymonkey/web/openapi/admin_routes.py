"""The routes of the dashboard, with their documentation."""

from typing import Any

from fancymonkey.spreadsheets.columns import COLUMNS
from fancymonkey.web.admin_api import changes, exports, history, holds, imports, overview, products
from fancymonkey.web.admin_api.product_bodies import (
    AddProductBody,
    ArchiveProductBody,
    ChangeProductBody,
)
from fancymonkey.web.admin_api.row_query import SORTS
from fancymonkey.web.routing.route import CSRF, JSON_TYPE, LIMIT, OWNER, Route
from fancymonkey.web.routing.router import Endpoint

CHOICE = (
    OWNER,
    ("q", "query", "Search words; a row must contain all of them"),
    ("category", "query", "Only this category; repeat for several"),
    ("status", "query", "Only this status; repeat for several"),
    ("productId", "query", "Only this product; repeat for several"),
    ("reserved", "query", "`true`: only sizes with held units"),
    ("sort", "query", f"Sort column, prefixed with `-` for descending order: {', '.join(SORTS)}"),
    ("archived", "query", "`true`: also archived products and sizes"),
)
SKU = ("sku", "query", "As `prod_hoodie_001/M`")
READ = (401, 403, 422, 429)
WRITE = (400, 401, 403, 404, 409, 413, 422, 429, 503)

PRODUCTS: tuple[tuple[str, str, Endpoint, str, type[Any]], ...] = (
    ("POST", "/api/admin/products", products.add_product, "Add a product", AddProductBody),
    ("PUT", "/api/admin/products", products.change_product, "Update a product", ChangeProductBody),
    (
        "POST",
        "/api/admin/products/archive",
        products.archive_product,
        "Take a product or size off sale, or put it back on sale",
        ArchiveProductBody,
    ),
)

ADMIN_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/admin/inventory",
        changes.list_inventory,
        "List every SKU with its stock and settings",
        codes=(304, *READ),
        tag="dashboard",
        parameters=(*CHOICE, ("If-None-Match", "header", "The ETag of an earlier response")),
    ),
    Route(
        "GET",
        "/api/admin/acts",
        changes.list_acts,
        "List recent changes",
        codes=READ,
        tag="dashboard",
        parameters=(OWNER, LIMIT, ("after", "query", "The last change of the previous page")),
    ),
    Route(
        "POST",
        "/api/admin/undo",
        changes.undo,
        "Undo a change",
        changes.UndoBody,
        WRITE,
        tag="dashboard",
        parameters=(OWNER, CSRF),
    ),
    Route(
        "GET",
        "/api/admin/holds",
        holds.list_holds,
        "List holds",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("q", "query", "Search words of the product or size, or an id of a hold"),
            ("status", "query", "`held` (the default), `captured`, `released` or `expired`"),
            ("since", "query", "Only holds created at or after this time"),
            ("id", "query", "Only the hold with this id; any of its ids"),
            LIMIT,
            ("after", "query", "`next` of the previous page"),
        ),
    ),
    Route(
        "POST",
        "/api/admin/holds/release",
        holds.release_holds,
        "Release holds",
        holds.ReleaseHoldsBody,
        WRITE,
        tag="dashboard",
        repeatable=True,
        parameters=(OWNER, CSRF),
    ),
    Route(
        "GET",
        "/api/admin/history",
        history.history,
        "List ledger entries, the latest first",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            (
                "q",
                "query",
                "Search words; the name or ids of the product or size must contain all of them",
            ),
            ("from", "query", "Only entries at or after this time"),
            ("to", "query", "Only entries before this time"),
            ("kind", "query", "Only this kind of entry; repeat for several"),
            ("actor", "query", "Only entries by this actor; repeat for several"),
            ("cause", "query", "Only entries of this change, event or payment"),
            LIMIT,
            ("before", "query", "`next` of the previous page"),
            ("format", "query", "`json` (the default), or `csv`: a file of up to 50,000 entries"),
        ),
        media=(JSON_TYPE, "text/csv"),
    ),
    Route(
        "GET",
        "/api/admin/explain",
        history.explain,
        "Explain the stock of a SKU",
        codes=(404, *READ),
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("asOf", "query", "The time to explain; now by default"),
            ("from", "query", "Only entries since this time; from the first entry by default"),
        ),
    ),
    Route(
        "GET",
        "/api/admin/overview",
        overview.overview,
        "Get the overview of the shop",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            ("days", "query", "Number of days, from 1 to 366; 30 by default"),
            ("zone", "query", "The time zone of the days; UTC by default"),
        ),
    ),
    Route(
        "GET",
        "/api/admin/export",
        exports.export,
        "Export the stock table as CSV or XLSX",
        codes=(*READ, 503),
        tag="dashboard",
        parameters=(
            *CHOICE,
            ("format", "query", "`csv` (the default) or `xlsx`"),
            ("columns", "query", f"Columns to export, in this order: {', '.join(COLUMNS)}"),
            ("template", "query", "`true`: an empty template"),
        ),
        media=("text/csv", exports.XLSX),
    ),
    Route(
        "POST",
        "/api/admin/import",
        imports.import_table,
        "Import a CSV or XLSX file",
        codes=WRITE,
        tag="dashboard",
        repeatable=True,
        parameters=(
            OWNER,
            CSRF,
            ("mode", "query", "`preview` (the default) or `apply`"),
            ("rows", "query", "`all` (the default), or `good`: skip rows with errors"),
            ("create", "query", "`true`: create products and sizes that do not exist"),
            ("name", "query", "File name, recorded in the ledger"),
            ("sheet", "query", "The sheet to read, if the spreadsheet has several"),
            ("Accept", "header", "`application/x-ndjson`: the progress, line by line"),
        ),
        takes=("text/csv", exports.XLSX),
    ),
    Route(
        "GET",
        "/api/admin/products",
        products.list_products,
        "List products with all their fields",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            ("productId", "query", "Only this product"),
            ("archived", "query", "`true`: also archived products and sizes"),
        ),
    ),
    *(
        Route(
            method,
            path,
            endpoint,
            summary,
            body,
            WRITE,
            tag="dashboard",
            repeatable=True,
            parameters=(OWNER, CSRF),
        )
        for method, path, endpoint, summary, body in PRODUCTS
    ),
)
"""Every endpoint of the dashboard."""
