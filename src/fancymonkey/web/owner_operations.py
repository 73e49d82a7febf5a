"""The calls of the dashboard in the OpenAPI document."""

from fancymonkey.web import owner
from fancymonkey.web.choice import SORTS
from fancymonkey.web.operation import CSRF, LIMIT, OWNER, Operation

CHOICE = (
    OWNER,
    ("q", "query", "Words that are all in what a row is called"),
    ("category", "query", "This category; repeat it for several"),
    ("status", "query", "This status; repeat it for several"),
    ("productId", "query", "This product; repeat it for several"),
    ("sort", "query", f"A column, with `-` in front descending: {', '.join(SORTS)}"),
    ("archived", "query", "`true`: what is off sale too"),
)
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
)
"""Every call that the front answers for the owner."""
