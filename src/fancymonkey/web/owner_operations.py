"""The calls of the dashboard in the OpenAPI document."""

from fancymonkey.web import history, holds, overview, owner
from fancymonkey.web.choice import SORTS
from fancymonkey.web.operation import CSRF, LIMIT, OWNER, Operation

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

OWNERS: tuple[Operation, ...] = (
    Operation(
        "GET",
        "/api/admin/inventory",
        owner.list_inventory,
        "Every SKU with everything about it",
        codes=(304, *READ),
        tag="dashboard",
        parameters=(*CHOICE, ("If-None-Match", "header", "The ETag of an earlier answer")),
    ),
    Operation(
        "GET",
        "/api/admin/acts",
        owner.list_acts,
        "What was changed lately",
        codes=READ,
        tag="dashboard",
        parameters=(OWNER, LIMIT, ("after", "query", "The last act of the page before")),
    ),
    Operation(
        "POST",
        "/api/admin/undo",
        owner.undo,
        "Undo an act",
        owner.UndoBody,
        WRITE,
        tag="dashboard",
        parameters=(OWNER, CSRF),
    ),
    Operation(
        "GET",
        "/api/admin/holds",
        holds.list_holds,
        "Who holds what",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("status", "query", "`held` where missing; `captured`, `released`, `expired`"),
            ("since", "query", "Holds that began at or after this time"),
            ("id", "query", "The one hold that any id of it means"),
            LIMIT,
            ("after", "query", "`next` of the page before"),
        ),
    ),
    Operation(
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
    Operation(
        "GET",
        "/api/admin/history",
        history.history,
        "The ledger, the latest entries first",
        codes=READ,
        tag="dashboard",
        parameters=(
            OWNER,
            SKU,
            ("from", "query", "At or after this time"),
            ("to", "query", "Before this time"),
            ("kind", "query", "This kind of entry; repeat it for several"),
            ("actor", "query", "By them; repeat it for several"),
            ("cause", "query", "Of this act, event or payment"),
            LIMIT,
            ("before", "query", "`next` of the page before"),
            ("format", "query", "`json` where missing, or `csv`: a file of up to 50,000 entries"),
        ),
    ),
    Operation(
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
    Operation(
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
)
"""Every call that the front answers for the owner."""
