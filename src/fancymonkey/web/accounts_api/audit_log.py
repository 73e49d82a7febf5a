"""The audit log over HTTP: who did what, when, from where, and with what status."""

import csv
import io
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi import Response as StarletteResponse

from fancymonkey.accounts.model import AuditEntry
from fancymonkey.spreadsheets.formula_escape import safe
from fancymonkey.timestamps import iso
from fancymonkey.web.accounts_api.models import ActOut, AuditLogPage
from fancymonkey.web.http.files import FORMAT, also_csv, file_response
from fancymonkey.web.http.query_params import LIMIT, Page, Text
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context

router = APIRouter(prefix="/api/admin", tags=["accounts"], route_class=AuthorizedRoute)

PAGE = 100
FILE_MAX = 50_000
COLUMNS = ("at", "actor", "address", "what", "status", "about", "id", "count")


@router.get(
    "/record",
    summary="List the audit log (owner)",
    dependencies=[requires("admin")],
    response_model=AuditLogPage,
    responses=also_csv(),
)
async def record(
    context: Context,
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    before: Annotated[Text, Query(description="`next` of the previous page")] = "",
    actor: Annotated[Text | None, Query(description="Only entries of this actor")] = None,
    format: Annotated[Literal["json", "csv"], Query(description=FORMAT)] = "json",
) -> Any:
    """Returns the entries, the latest first, with refused attempts."""
    most = FILE_MAX if format == "csv" else limit
    found = await context.accounts.acts.latest(most + 1, before, actor)
    if format == "csv":
        return _file(found[:most])
    acts = [_out(act) for act in found[:most]]
    following = acts[-1]["id"] if len(found) > most else None
    return AuditLogPage(success=True, acts=acts, next=following)


def _out(act: AuditEntry) -> ActOut:
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


def _file(found: list[AuditEntry]) -> StarletteResponse:
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    write(COLUMNS)
    for act in found:
        row: dict[str, Any] = {**_out(act)}
        write([safe(str(row[name])) for name in COLUMNS])
    return file_response(buffer.getvalue().encode(), "text/csv; charset=utf-8", "record.csv")
