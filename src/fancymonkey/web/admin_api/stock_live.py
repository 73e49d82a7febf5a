"""Live stock rows, as server-sent events."""

import asyncio

from fastapi import APIRouter
from fastapi import Request as StarletteRequest
from fastapi.responses import StreamingResponse

from fancymonkey.accounts.model import Denied
from fancymonkey.core.model import split_sku
from fancymonkey.engine.feed import LevelChange
from fancymonkey.errors import StoreError
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.wire import encode
from fancymonkey.web.read_models.stock_rows import StockRowJson, off_sale
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.shop_api.live import EventStream, Messages, seated

PACE_SECONDS = 0.1
"""Changes within this time are sent in one message: faster updates cannot be read."""

CHECK_SECONDS = 15.0
"""How long a listener may stay connected after its right has ended."""


class TableMessages(Messages):
    """The changes as stock rows."""

    def _snapshot(self) -> bytes:
        return self._shop.stock_rows.snapshot(self._shop.settings.payments.currency)

    def _change(self, change: LevelChange) -> bytes:
        table = self._shop.stock_rows
        rows: dict[str, StockRowJson] = {}
        for sku in sorted(change.skus):
            product_id, size = split_sku(sku)
            for row in table.of_product(product_id):
                if not size or row.stocked.item.sku == sku:
                    rows[row.stocked.item.sku] = row
        shown = [row.body for row in rows.values() if not off_sale(row.stocked)]
        removed = [sku for sku, row in rows.items() if off_sale(row.stocked)]
        head = b'{"revision":%d,"rows":[' % change.revision
        return b"".join((head, b",".join(shown), b'],"removed":', encode(removed), b"}"))


def router(context: AppContext, listeners: Listeners) -> APIRouter:
    """The endpoint of live rows."""
    routes = APIRouter(tags=["dashboard"], route_class=AuthorizedRoute)
    messages = TableMessages(context)

    @routes.get(
        "/api/admin/inventory/live",
        summary="Live stock rows, as server-sent events",
        dependencies=[requires("read")],
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}},
    )
    async def live_table(request: StarletteRequest, call: Call) -> StreamingResponse:
        """Sends a `snapshot`, or the changes since `Last-Event-ID`, and then changes."""

        async def until_not_allowed() -> None:
            try:
                while True:
                    await asyncio.sleep(CHECK_SECONDS)
                    await require(context, call, "read")
            except (Problem, Denied, StoreError):  # the client reconnects and gets the reason
                return

        last = request.headers.get("last-event-id")
        since = last if last is not None else request.query_params.get("since")
        await context.stock_rows.prepare()
        subscription = await seated(context, listeners, call, since, owner=True)
        return EventStream(
            messages, subscription, listeners.turns, until_not_allowed, pace=PACE_SECONDS
        )

    return routes
