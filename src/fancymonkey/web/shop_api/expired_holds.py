"""Releases expired holds on request, for platforms whose schedules send GET."""

from typing import Any

from fastapi import APIRouter
from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.core.holds.end import Expire
from fancymonkey.core.outcomes import Accepted
from fancymonkey.text import counted
from fancymonkey.web.context import AppContext
from fancymonkey.web.http import wire
from fancymonkey.web.http.json_body import Ok, example
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
    """Releases expired holds. Only a `known` caller gets their ids, which give access to holds."""
    answer = await context.engine.submit(Expire(actor="clock"))
    assert isinstance(answer, Accepted)
    count = len(answer.data["released"])
    return {
        "success": True,
        "message": f"Released {counted(count, 'expired hold')}",
        "released": count,
        "reservations": [wire.hold_out(hold) for hold in answer.data["released"]] if known else [],
        "revision": answer.data["revision"],
    }
