"""The audit log over HTTP: who did what, when, from where, and with what status."""

import csv
import io
from typing import Any

from fancymonkey.accounts.model import AuditEntry
from fancymonkey.spreadsheets.formula_escape import safe
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.history import file_reply
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Request, Response, ok
from fancymonkey.web.http.wire import encode

PAGE, PAGE_MAX = 100, 1000
FILE_MAX = 50_000
COLUMNS = ("at", "actor", "address", "what", "status", "about", "id", "count")


async def record(context: AppContext, request: Request) -> Response:
    """Returns the entries, the latest first, with refused attempts."""
    await require(context, request, "admin")
    query = Query(request)
    limit = query.number("limit", PAGE, 1, PAGE_MAX)
    as_file = query.one_of("format", "json", "csv") == "csv"
    most = FILE_MAX if as_file else limit
    actor, before = query.text("actor"), query.text("before") or ""
    found = await context.accounts.acts.latest(most + 1, before, actor)
    if as_file:
        return _file(found[:most])
    rows = [_out(act) for act in found[:most]]
    following = rows[-1]["id"] if len(found) > most else None
    return ok(encode({"success": True, "acts": rows, "next": following}))


def _out(act: AuditEntry) -> dict[str, Any]:
    return {
        "id": act.act_id,
        "at": iso(act.at),
        "actor": act.actor,
        "address": act.address,
        "what": act.what,
        "status": act.status,
        "about": act.about,
        "count": act.count,
    }


def _file(found: list[AuditEntry]) -> Response:
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    write(COLUMNS)
    for act in found:
        row = _out(act)
        write([safe(str(row[name])) for name in COLUMNS])
    return file_reply(buffer.getvalue().encode(), "text/csv; charset=utf-8", "record.csv")
