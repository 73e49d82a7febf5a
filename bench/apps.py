"""Servers for measurements only: the shop's own server with a no-op, a typed route, bare ASGI.

`python -m bench.apps KIND serve …` runs one with the options of `fancymonkey serve`.
"""

import sys
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from bench.shops import HOT
from fancymonkey.commands.operation import serve
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.holds.reserved import Reserved
from fancymonkey.core.locations.locations import DEFAULT_LOCATION
from fancymonkey.core.model import Line, sku_of
from fancymonkey.core.outcomes import Refused
from fancymonkey.settings.settings import Settings
from fancymonkey.web import app
from fancymonkey.web.app import create_app
from fancymonkey.web.context import AppContext, new_reservation_id
from fancymonkey.web.http.bodies import wire
from fancymonkey.web.http.messages import NO_STORE_JSON, Request, Response, ok
from fancymonkey.web.http.problems.refusals import refusal
from fancymonkey.web.http.security_headers import DATA
from fancymonkey.web.routing.hot_router import HotRouter

NOOP = "/bench/noop"
NOOP_ASGI = "/bench/noop-asgi"
TYPED = "/bench/typed-reserve"
"""Paths of the endpoints that are added."""


def answer_of_a_reserve() -> bytes:
    """A body like that of a reserve of the hot SKU, with the same number of bytes."""
    return wire.reserved_one(
        Reserved(
            new_reservation_id(),
            "0123456789abcdef",
            1_799_998_200_000,
            1_800_000_000_000,
            ((sku_of(*HOT), 1, 900_000_000, 100_000, 899_900_000),),
            100_000,
        )
    )


def with_noop(settings: Settings) -> HotRouter:
    """The whole service, and a POST beside its hot endpoints that only reads and answers."""
    front = create_app(settings)
    body = answer_of_a_reserve()

    async def noop(shop: AppContext, call: Request) -> Response:
        await call.body()
        return ok(body)

    front._routes = {**front._routes, NOOP: {"POST": noop}, NOOP_ASGI: {"POST": noop}}
    front.hot.add((b"POST", NOOP.encode()))  # on the fast path, like the hot endpoints
    front.api.include_router(typed(front._shop))
    return front


class ReserveIn(BaseModel):
    """The seed's body as a typed FastAPI route declares it."""

    productId: str = Field(min_length=1, max_length=200)
    size: str = Field(min_length=1, max_length=200)
    quantity: int = Field(ge=1, le=1_000_000_000)
    sessionId: str = Field(min_length=1, max_length=200)


class Held(BaseModel):
    """A hold."""

    id: str
    productId: str
    size: str
    quantity: int
    sessionId: str
    expiresAt: str
    expiresInMinutes: int


class StockNow(BaseModel):
    """A level."""

    total: int
    reserved: int
    available: int


class ReserveOut(BaseModel):
    """The seed's answer."""

    success: bool
    reservation: Held
    stock: StockNow
    revision: int


def typed(shop: AppContext) -> APIRouter:
    """The same reserve as an ordinary typed route."""
    routes = APIRouter()

    @routes.post(TYPED)
    async def reserve(body: ReserveIn) -> ReserveOut:
        answer = await shop.engine.submit(
            Reserve(
                reservation_id=new_reservation_id(),
                location=DEFAULT_LOCATION,
                session_id=body.sessionId,
                lines=(Line(sku_of(body.productId, body.size), body.quantity),),
                ttl=shop.ttl,
                actor="buyer",
            )
        )
        if isinstance(answer, Refused):
            raise refusal(answer)
        data = answer.data
        until, minutes = wire.deadline(data.at, data.expires_at)
        _, quantity, on_hand, reserved, available = data.lines[0]
        return ReserveOut(
            success=True,
            reservation=Held(
                id=data.reservation_id,
                productId=body.productId,
                size=body.size,
                quantity=quantity,
                sessionId=data.session_id,
                expiresAt=until or "",
                expiresInMinutes=minutes or 0,
            ),
            stock=StockNow(total=on_hand, reserved=reserved, available=available),
            revision=data.revision,
        )

    return routes


class Bare:
    """The cost of ASGI itself: reads the body and sends a constant, with the headers of the
    no-op.
    """

    def __init__(self, settings: Settings) -> None:
        self._body = answer_of_a_reserve()
        self._headers = [
            *NO_STORE_JSON,
            *DATA,
            (b"content-length", str(len(self._body)).encode()),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers everything alike."""
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self._body})


def main(kind: str, arguments: list[str]) -> None:
    """Serves another application with the options of `fancymonkey serve`."""
    app.create_app = {"noop": with_noop, "bare": Bare}[kind]  # type: ignore[assignment]
    serve.serve(arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3:])  # between them stands the word `serve`, as tests.support has it
