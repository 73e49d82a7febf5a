"""Live stock rows, as server-sent events."""

import asyncio
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi import Request as StarletteRequest
from fastapi.responses import Response, StreamingResponse

from fancymonkey.accounts.model import Denied
from fancymonkey.core.model import split_sku
from fancymonkey.errors import StoreError
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.read_models.live_messages import ChangeBody, LiveView
from fancymonkey.web.read_models.stock_rows import StockRowJson, StockRows, off_sale
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.server.audience import Audience
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.live_response import EventStream, LiveSource
from fancymonkey.web.server.pace import Pace
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.shop_api.live import Since, seated

PACE_SECONDS = 0.1
"""Changes within this time are sent in one message: faster updates cannot be read."""

CHECK_SECONDS = 15.0
"""The time for which a listener may stay connected after its right has ended."""


BURST = 3
"""Messages that may go one right after the other after a quiet time."""


class TableView(LiveView):
    """The stock as the owner's rows."""

    def __init__(self, context: AppContext, turns: Turns) -> None:
        super().__init__(context.engine.view, turns)
        self._table = context.stock_rows
        self._currency = context.settings.payments.currency

    def snapshot(self) -> bytes:
        """All rows."""
        return self._table.snapshot(self._currency)

    def change_body(self) -> ChangeBody:
        """A change without SKUs."""
        return TableChange(self._table)


class TableChange:
    """Rows that changed, and SKUs that are no longer shown."""

    def __init__(self, table: StockRows) -> None:
        self._table = table
        self._rows: dict[str, StockRowJson] = {}

    def add(self, sku: str) -> None:
        """Adds the row of a SKU, or all rows of a product."""
        product_id, size = split_sku(sku)
        for row in self._table.of_product(product_id):
            if not size or row.stocked.item.sku == sku:
                self._rows[row.stocked.item.sku] = row

    def json(self, revision: int) -> bytes:
        """The message."""
        shown = [row.body for row in self._rows.values() if not off_sale(row.stocked)]
        removed = [sku for sku, row in self._rows.items() if off_sale(row.stocked)]
        head = b'{"revision":%d,"rows":[' % revision
        return b"".join((head, b",".join(shown), b'],"removed":', encode(removed), b"}"))


class NoticeView(LiveView):
    """The stock as notices without numbers, for callers who may not see all locations."""

    def snapshot(self) -> bytes:
        """A revision and no rows."""
        return EmptyChange().json(self._view.revision)

    def change_body(self) -> ChangeBody:
        """A change without SKUs."""
        return EmptyChange()


class EmptyChange:
    """A change without rows: the page reads them itself."""

    def add(self, sku: str) -> None:
        """Adds nothing."""

    def json(self, revision: int) -> bytes:
        """The message."""
        return b'{"revision":%d,"rows":[],"removed":[]}' % revision


@dataclass(frozen=True, slots=True)
class StockStream:
    """The sources of the live rows of one app: with numbers, and of notices without numbers."""

    listeners: Listeners
    rows: LiveSource
    notices: LiveSource


def stock_stream(context: AppContext, listeners: Listeners) -> StockStream:
    """The stream of an app, kept as `app.state.stock_stream`."""

    def source(messages: TableView | NoticeView) -> LiveSource:
        audience = Audience(context.engine.feed, messages.encode, Pace(PACE_SECONDS, BURST))
        return LiveSource(audience, messages, listeners.turns)

    rows = source(TableView(context, listeners.turns))
    return StockStream(listeners, rows, source(NoticeView(context.engine.view, listeners.turns)))


router = APIRouter(tags=["dashboard"], route_class=AuthorizedRoute)


@router.get(
    "/api/admin/inventory/live",
    summary="Live stock rows, as server-sent events",
    dependencies=[requires("read", by_location=True)],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def live_table(
    request: StarletteRequest, call: Call, context: Context, since: Since = ""
) -> Response:
    """Sends a `snapshot`, or the changes since `Last-Event-ID`, and then changes.

    A caller who is limited to locations gets the same messages without rows.
    """
    stream: StockStream = request.app.state.stock_stream
    limited = call.actor is not None and bool(call.actor.locations)

    async def until_not_allowed() -> None:
        try:
            while True:
                await asyncio.sleep(CHECK_SECONDS)
                actor = await require(context, call, "read")
                if limited != bool(actor.locations):
                    return
        except (Problem, Denied, StoreError):  # the client reconnects and gets the reason
            return

    last = request.headers.get("last-event-id")
    await context.stock_rows.prepare()
    subscription = await seated(
        context, stream.listeners, call, since if last is None else last, owner=True
    )
    source = stream.notices if limited else stream.rows
    return EventStream(subscription, source, until_not_allowed)
