"""The audit log over HTTP: the actor, time, address and status of each change or refusal."""

import csv
import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Response as StarletteResponse

from fancymonkey.accounts.model import AuditEntry
from fancymonkey.spreadsheets.cells.formula_escape import safe
from fancymonkey.timestamps import iso
from fancymonkey.web.accounts_api.models import AuditEntryOut, AuditLogPage
from fancymonkey.web.http.files import FORMAT, also_csv, file_response
from fancymonkey.web.http.query_params import LIMIT, Page, Text, Words
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context

router = APIRouter(prefix="/api/admin", tags=["accounts"], route_class=AuthorizedRoute)

PAGE = 100
FILE_MAX = 50_000
COLUMNS = ("at", "actor", "address", "what", "status", "about", "id", "count")


@router.get(
    "/audit-log",
    summary="List the audit log (owner)",
    dependencies=[requires("admin")],
    response_model=AuditLogPage,
    responses=also_csv(),
)
async def list_audit_log(
    context: Context,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    before: Annotated[Words, Query(description="`next` of the previous page")] = "",
    actor: Annotated[Text | None, Query(description="Only entries of this actor")] = None,
    format: Annotated[Literal["json", "csv"], Query(description=FORMAT)] = "json",
) -> Any:
    """Returns the entries, the latest first, with refused attempts."""
    most = FILE_MAX if format == "csv" else limit
    entries = await context.accounts.audit_log.latest(most + 1, before, actor)
    if format == "csv":
        return _file(entries[:most])
    rows = [_out(entry) for entry in entries[:most]]
    following = rows[-1]["id"] if len(entries) > most else None
    return AuditLogPage(success=True, entries=rows, next=following)


def _out(entry: AuditEntry) -> AuditEntryOut:
    return {
        "id": entry.entry_id,
        "at": iso(entry.at),
        "actor": entry.actor,
        "address": entry.address,
        "what": entry.what,
        "status": entry.status,
        "about": entry.about,
        "count": entry.count,
    }


def _file(entries: list[AuditEntry]) -> StarletteResponse:
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    write(COLUMNS)
    for entry in entries:
        row: dict[str, Any] = {**_out(entry)}
        write([safe(str(row[name])) for name in COLUMNS])
    return file_response(buffer.getvalue().encode(), "text/csv; charset=utf-8", "audit-log.csv")
