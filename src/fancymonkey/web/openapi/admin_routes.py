"""The calls of the dashboard in the OpenAPI document."""

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
    ("q", "query", "Words that are all in what a row is called"),
    ("category", "query", "This category; repeat it for several"),
    ("status", "query", "This status; repeat it for several"),
    ("productId", "query", "This product; repeat it for several"),
    ("reserved", "query", "`true`: only what buyers hold units of"),
    ("sort", "query", f"A column, with `-` in front descending: {', '.join(SORTS)}"),
    ("archived", "query", "`true`: what is off sale too"),
)
SKU = ("sku", "query", "As `prod_hoodie_001/M`")
READ = (401, 403, 422, 429)
WRITE = (400, 401, 403, 404, 409, 413, 422, 429, 503)

PRODUCTS: tuple[tuple[str, str, Endpoint, str, type[Any]], ...] = (
    ("POST", "/api/admin/products", products.add_product, "Add a product", AddProductBody),
    ("PUT", "/api/admin/products", products.change_product, "Change one", ChangeProductBody),
    (
        "POST",
        "/api/admin/products/archive",
        products.archive_product,
        "Take a product or size off sale, or bring it back",
        ArchiveProductBody,
    ),
)

ADMIN_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/api/admin/inventory",
        changes.list_inventory,
        "Every SKU with everything about it",
        codes=(304, *READ),
        tag="dashboard",
        parameters=(*CHOICE, ("If-None-Match", "header", "The ETag of an earlier answer")),
    ),
    Route(
        "GET",
        "/api/admin/acts",
        changes.list_acts,
        "What was changed lately",
        codes=READ,
        tag="dashboard",
        parameters=(OWNER, LIMIT, ("after", "query", "The last act of the page before")),
    ),
    Route(
        "POST",
        "/api/admin/undo",
        changes.undo,
        "Undo an act",
        changes.UndoBody,
        WRITE,
        tag="dashboard",
        parameters=(OWNER, CSRF),
    ),
    Route(
        "GET",
        "/api/admin/holds",
        holds.list_holds,
        "Who holds what",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("q", "query", "Words of the product or size, or an id of a hold"),
            ("status", "query", "`held` where missing; `captured`, `released`, `expired`"),
            ("since", "query", "Holds that began at or after this time"),
            ("id", "query", "The one hold that any id of it means"),
            LIMIT,
            ("after", "query", "`next` of the page before"),
        ),
    ),
    Route(
        "POST",
        "/api/admin/holds/release",
        holds.release_holds,
        "Give holds back",
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
        "The ledger, the latest entries first",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("q", "query", "Words that are all in what a product or size is called, or its ids"),
            ("from", "query", "At or after this time"),
            ("to", "query", "Before this time"),
            ("kind", "query", "This kind of entry; repeat it for several"),
            ("actor", "query", "By them; repeat it for several"),
            ("cause", "query", "Of this act, event or payment"),
            LIMIT,
            ("before", "query", "`next` of the page before"),
            ("format", "query", "`json` where missing, or `csv`: a file of up to 50,000 entries"),
        ),
        media=(JSON_TYPE, "text/csv"),
    ),
    Route(
        "GET",
        "/api/admin/explain",
        history.explain,
        "Why a SKU's stock is what it is",
        codes=(404, *READ),
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("asOf", "query", "How it stood then; now where missing"),
            ("from", "query", "What moved it from then on; the beginning where missing"),
        ),
    ),
    Route(
        "GET",
        "/api/admin/overview",
        overview.overview,
        "The shop at a glance",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            ("days", "query", "How many days, from 1 to 366; 30 where missing"),
            ("zone", "query", "The time zone of the days; UTC where missing"),
        ),
    ),
    Route(
        "GET",
        "/api/admin/export",
        exports.export,
        "The table as a file: CSV or XLSX",
        codes=(*READ, 503),
        tag="dashboard",
        parameters=(
            *CHOICE,
            ("format", "query", "`csv` where missing, or `xlsx`"),
            ("columns", "query", f"Which, in this order: {', '.join(COLUMNS)}"),
            ("template", "query", "`true`: an empty table to fill in"),
        ),
        media=("text/csv", exports.XLSX),
    ),
    Route(
        "POST",
        "/api/admin/import",
        imports.import_table,
        "Take a table in: CSV or XLSX",
        codes=WRITE,
        tag="dashboard",
        repeatable=True,
        parameters=(
            OWNER,
            CSRF,
            ("mode", "query", "`preview` where missing, or `apply`"),
            ("rows", "query", "`all` where missing, or `good`: leave out rows at fault"),
            ("create", "query", "`true`: make products and sizes that are not there"),
            ("name", "query", "Of the file, for the ledger"),
            ("sheet", "query", "The name of the sheet to read where a spreadsheet has several"),
            ("Accept", "header", "`application/x-ndjson`: lines that say how far it is"),
        ),
        takes=("text/csv", exports.XLSX),
    ),
    Route(
        "GET",
        "/api/admin/products",
        products.list_products,
        "Products with everything about them",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            ("productId", "query", "Only this product"),
            ("archived", "query", "`true`: what is off sale too"),
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
"""Every call that the front answers for the owner."""
