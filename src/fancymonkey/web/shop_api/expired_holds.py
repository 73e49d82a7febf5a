"""Releases expired holds on request, for platforms whose schedules send GET."""

from typing import Any

from fastapi import APIRouter
from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.core.holds.ended import Released
from fancymonkey.core.model import Status
from fancymonkey.core.stock.answers import MovedLine
from fancymonkey.engine.job_names import RELEASE_EXPIRED
from fancymonkey.services.sales.release_due import ReleasedHold
from fancymonkey.text import counted
from fancymonkey.web.admin_api.operation.jobs import run_job
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.bodies.json_body import Ok, example
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Context

router = APIRouter(tags=["inventory"], route_class=AuthorizedRoute)
_WHICH = {"productId": "prod_hoodie_001", "size": "M"}


@with_config(
    example(
        {
            "success": True,
            "message": "Released 1 expired hold",
            "released": 1,
            "reservations": [
                {
                    "id": "res_1f0c2a9be4d8466f9e0f4c1b7a3d5e60",
                    "sessionId": "cs_test_abc123",
                    "status": "expired",
                    "lines": [
                        {
                            **_WHICH,
                            "quantity": 1,
                            "stock": {**_WHICH, "total": 20, "reserved": 0, "available": 20},
                        }
                    ],
                }
            ],
            "revision": 82,
        }
    )
)
class ExpiredHolds(TypedDict):
    """The released holds."""

    success: Ok
    message: str
    released: int
    reservations: list[dict[str, Any]]
    revision: int


@router.get(
    "/api/inventory/release",
    summary="Release expired holds, for schedulers that send GET",
    dependencies=[requires("stock", schedule=True, cookie=False)],
)
async def release_cron(context: Context) -> ExpiredHolds:
    """Releases expired holds for platforms whose schedules send GET with a bearer secret."""
    return await release_expired(context, known=True)


async def release_expired(context: AppContext, *, known: bool) -> ExpiredHolds:
    """Runs the job that releases expired holds.

    Only a `known` caller gets the ids of the holds, which give access to them.
    """
    result = (await run_job(context, RELEASE_EXPIRED, join=True)).done
    holds = [_released_out(context, hold) for hold in result.details] if known else []
    return {
        "success": True,
        "message": f"Released {counted(len(result.details), 'expired hold')}",
        "released": len(result.details),
        "reservations": holds,
        "revision": context.engine.view.revision,
    }


def _released_out(context: AppContext, hold: ReleasedHold) -> dict[str, Any]:
    lines: list[MovedLine] = []
    for sku, quantity in hold.lines:
        stock = context.engine.view.stock(sku)
        lines.append((sku, quantity, stock.on_hand, stock.reserved, stock.available))
    revision = context.engine.view.revision
    return wire.hold_out(
        Released(
            hold.reservation_id, hold.session_id, Status.EXPIRED, False, tuple(lines), revision
        )
    )
