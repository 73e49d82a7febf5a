"""The fake Stripe: an ASGI app to mount or to run alone, and a handle for tests."""

import asyncio
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from fancymonkey.engine.clock import Clock, system_clock
from fancymonkey.fake_stripe.account import Account
from fancymonkey.fake_stripe.api import Api
from fancymonkey.fake_stripe.objects import Invalid, StripeObject
from fancymonkey.fake_stripe.pages import Pages
from fancymonkey.fake_stripe.prices import Price
from fancymonkey.fake_stripe.webhook_sender import Faults, WebhookSender

TICK_SECONDS = 1.0
DEMO_KEY = "sk_test_standin"


def any_price(price_id: str) -> Price:
    """A price for every id, so that prices need not be created first."""
    return 2500, "usd", price_id


@dataclass(slots=True)
class FakeStripeSettings:
    """`base_url` is the public URL of the fake itself; `webhooks` are pairs of URL and secret."""

    base_url: str
    secret_key: str = DEMO_KEY
    webhooks: list[tuple[str, str]] = field(default_factory=list)
    prices: Callable[[str], Price | None] = any_price
    seed: int | None = None
    retry_seconds: float = 1.0


class FakeStripe:
    """A fake Stripe. Inside its context it delivers events and ends sessions at their deadline."""

    def __init__(self, settings: FakeStripeSettings, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.faults = Faults()
        self._clock = clock
        self.webhook_sender = WebhookSender(
            settings.webhooks,
            clock,
            self.faults,
            Random(settings.seed),  # noqa: S311 - chance, not secrets
            settings.retry_seconds,
            self._delivered,
        )
        ids = None if settings.seed is None else Random(settings.seed)  # noqa: S311
        self.account = Account(settings.base_url, settings.prices, self.webhook_sender.send, ids)
        api = Api(self.account, settings.secret_key, clock, self.faults)
        pages = Pages(self.account, settings.base_url, clock)
        self.app = Starlette(
            routes=[
                *api.routes(),
                *pages.routes(),
                Route("/demo/faults", self._set_faults, methods=["POST"]),
                Route("/demo/state", self._state, methods=["GET"]),
                Route("/demo/sessions/{id}/{action}", self._script, methods=["POST"]),
            ],
            lifespan=self._alive,
        )
        self._ticking: asyncio.Task[None] | None = None

    @contextlib.asynccontextmanager
    async def _alive(self, app: Starlette) -> AsyncIterator[None]:
        async with self:
            yield

    async def start(self) -> None:
        """Starts to end sessions at their deadline."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def stop(self) -> None:
        """Stops; events not delivered yet are dropped."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        await self.webhook_sender.close()

    async def __aenter__(self) -> "FakeStripe":
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.account.tick(self._now())

    def _now(self) -> int:
        return self._clock() // 1000

    def _delivered(self, id_: str) -> None:
        event = self.account.events.get(id_)
        if event is not None:
            event["pending_webhooks"] = 0

    def act(self, id_: str, action: str) -> StripeObject:
        """Carries out an action of the buyer or of Stripe on a session. Raises Invalid."""
        account, now = self.account, self._now()
        match action:
            case "pay":
                return account.pay(id_, now)
            case "pay_quietly":
                return account.pay(id_, now, keep_back=True)
            case "deliver":
                return {"delivered": account.deliver(id_)}
            case "decline":
                return account.decline(id_, now)
            case "expire":
                return account.expire(id_, now)
            case "async_pay":
                return account.pay_later(id_, now)
            case "async_succeed":
                return account.money_arrives(id_, now)
            case "async_fail":
                return account.money_fails(id_, now)
            case "refund":
                session = account.session(id_, now)
                return account.refund({"payment_intent": session["payment_intent"]}, now)
        raise Invalid(f"There is no {action}.", status=404)

    def _allowed(self, request: Request) -> bool:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        return hmac.compare_digest(token.encode(), self.settings.secret_key.encode())

    async def _script(self, request: Request) -> Response:
        if not self._allowed(request):
            return JSONResponse({"error": "Send the secret key as a bearer token."}, 401)
        try:
            return JSONResponse(self.act(request.path_params["id"], request.path_params["action"]))
        except Invalid as error:
            return JSONResponse({"error": str(error)}, error.status)

    async def _set_faults(self, request: Request) -> Response:
        if not self._allowed(request):
            return JSONResponse({"error": "Send the secret key as a bearer token."}, 401)
        try:
            changes: Any = json.loads(await request.body())
            if not isinstance(changes, dict):
                raise ValueError("an object is expected")
            self.faults.change(changes)
        except (ValueError, RecursionError) as error:
            return JSONResponse({"error": f"Invalid faults: {error}."}, 422)
        return JSONResponse({"ok": True})

    async def _state(self, request: Request) -> Response:
        if not self._allowed(request):
            return JSONResponse({"error": "Send the secret key as a bearer token."}, 401)
        statuses = [row["status"] for row in self.account.sessions.values()]
        paid = [row for row in self.account.sessions.values() if row["payment_status"] == "paid"]
        return JSONResponse(
            {
                "sessions": len(statuses),
                "open": statuses.count("open"),
                "complete": statuses.count("complete"),
                "expired": statuses.count("expired"),
                "paid": len(paid),
                "refunds": len(self.account.refunds),
                "events": len(self.account.events),
                "delivered": self.webhook_sender.delivered_count,
                "lost": self.webhook_sender.lost_count,
                "under_way": self.webhook_sender.under_way,
            }
        )
