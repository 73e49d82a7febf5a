"""Composes the application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi import Request as StarletteRequest
from fastapi import Response as StarletteResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from fancymonkey import __version__
from fancymonkey.accounts.model import Denied
from fancymonkey.backup.catalogue_history import save_version
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.jobs.runner import Runner
from fancymonkey.services.container import Services
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store
from fancymonkey.web.accounts_api import api_keys, audit_log, own_account, sessions, users
from fancymonkey.web.admin_api.catalogue import bundles, exports, imports, products
from fancymonkey.web.admin_api.history import history
from fancymonkey.web.admin_api.locations import locations, routing, transfers
from fancymonkey.web.admin_api.operation import alerts, jobs, migrate, overview, webhooks
from fancymonkey.web.admin_api.sales import holds, order_papers, orders, payments
from fancymonkey.web.admin_api.stock import changes, stock_live, stock_moves, stock_updates
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.clients.rate_limits import RateLimits
from fancymonkey.web.http.messages import NO_STORE, Problem, Request, Response, response_of
from fancymonkey.web.http.problems.errors import problem_response
from fancymonkey.web.http.security_headers import SecurityHeaders
from fancymonkey.web.openapi import document
from fancymonkey.web.pages import dashboard, files, versioned_files
from fancymonkey.web.routing import former_names
from fancymonkey.web.routing.hot_router import HotRouter
from fancymonkey.web.routing.routes import PathIndex, methods_of, routes_of
from fancymonkey.web.server.connections import Crowd
from fancymonkey.web.server.file_limits import open_files
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.shared_listener import SharedListening
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.shop_api import (
    checkout,
    expired_holds,
    inventory,
    live,
    shop_info,
    stripe_webhook,
)
from fancymonkey.web.system import health
from fancymonkey.web.system.health import ReadinessLog

log = logging.getLogger(__name__)

ROUTERS = (
    expired_holds.router,
    shop_info.router,
    checkout.router,
    stock_updates.router,
    stripe_webhook.router,
    payments.router,
    health.router,
    sessions.router,
    own_account.router,
    users.router,
    api_keys.router,
    audit_log.router,
    changes.router,
    holds.router,
    history.router,
    overview.router,
    exports.router,
    imports.router,
    orders.router,
    order_papers.router,
    products.router,
    stock_moves.router,
    transfers.router,
    locations.router,
    routing.router,
    bundles.router,
    alerts.router,
    webhooks.router,
    jobs.router,
    document.router,
)
"""The routers of the endpoints, in the order of the OpenAPI document."""

LAST_ROUTERS = (live.router, stock_live.router, migrate.router)
"""The routers whose paths have no former names."""

FORMER = former_names.router(route for router in ROUTERS for route in router.routes)
"""The routes of the former paths."""


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> HotRouter:
    """Makes the ASGI application, by default from the environment. Opens the store at start.

    Raises ConfigError; the start raises what `Store.open` raises.
    """
    settings = settings or Settings.load()
    engine = engine or Engine(open_store(settings.target, url=settings.server.url))
    fake_stripe = None
    if settings.server.demo:
        from fancymonkey.services import demo_payments  # loads the libraries of Stripe

        fake_stripe, settings = demo_payments.stand_in(engine, settings)
    services = Services(engine, settings)
    context = AppContext(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await _open(context)
        if fake_stripe is not None:
            await fake_stripe.start()
        running = asyncio.create_task(_keep_going(context), name="jobs")
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await services.close()
            if fake_stripe is not None:
                await fake_stripe.stop()
            await _close(context)
            await _keep_last_version(context)

    app = FastAPI(
        title="Fancy Monkey Inventory",
        version=__version__,
        description="Stock, holds and sales that always add up.",
        openapi_tags=document.TAGS,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    crowd = Crowd(open_files(), by_address=settings.server.rate_limit)
    listeners = Listeners(Turns(), crowd.most // 2, by_address=settings.server.rate_limit)
    app.state.context, app.state.crowd, app.state.readiness = context, crowd, ReadinessLog()
    app.state.shop_stream = live.shop_stream(context, listeners)
    app.state.stock_stream = stock_live.stock_stream(context, listeners)
    app.state.migration = asyncio.Lock()
    _add_routes(app, context)
    if fake_stripe is not None:
        from fancymonkey.services import demo_payments

        app.mount(demo_payments.PATH, fake_stripe.app)
    app.router.routes.insert(0, PathIndex(list(routes_of(app))))
    _answer_errors(app)
    _describe(app)
    return _fronted(app, context, crowd, listeners)


def _add_routes(app: FastAPI, context: AppContext) -> None:
    """Adds all routes as their routers have built them, once per process.

    `include_router` would build them again for each app, during the first unusual request.
    """
    for router in (*ROUTERS, *LAST_ROUTERS, files.router()):
        app.routes.extend(router.routes)
    app.routes.extend(FORMER.routes)
    versioned_files.mount(app)
    dashboard.mount(app, context)


def _describe(app: FastAPI) -> None:
    """Makes the app's OpenAPI document that of the whole service."""
    of_the_routes = app.openapi

    def whole_document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document.completed(of_the_routes(), routes_of(app))
        return app.openapi_schema

    app.openapi = whole_document  # type: ignore[method-assign]


def _fronted(app: FastAPI, context: AppContext, crowd: Crowd, listeners: Listeners) -> HotRouter:
    """The app behind what holds for every answer, and behind the hot endpoints."""
    context.metrics.add(crowd)
    own = [(method, route.path) for route in routes_of(app) for method in methods_of(route)]
    hot = [(method, path) for path, methods in inventory.HOT.items() for method in methods]
    clock, limited = context.engine.clock, context.settings.server.rate_limit
    limits = RateLimits(clock, [*hot, *own]) if limited else None
    guarded = SecurityHeaders(app, context, limits, {path for _, path in own})
    return HotRouter(
        guarded, app, context, inventory.HOT, inventory.HOT_PARAMS, limits, crowd, listeners
    )


async def _open(context: AppContext) -> None:
    """Opens the store, and joins the other servers on it."""
    await context.engine.open()
    if context.cluster is not None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, SharedListening):
            loop.leaves, context.cluster.welcomes = context.cluster.leaves, loop.welcomes
        context.cluster.start()


async def _close(context: AppContext) -> None:
    """Leaves the other servers, and closes the store."""
    if context.cluster is not None:
        await context.cluster.close()
    await context.engine.close()


async def _keep_going(context: AppContext) -> None:
    """Runs alerts, and scheduled jobs if they are enabled."""
    await Runner(
        context.jobs,
        [context.alerts.run, context.services.demand.run],
        schedules=context.settings.schedule.run_jobs,
    ).run()


async def _keep_last_version(context: AppContext) -> None:
    """Commits the last changes of the catalogue; logs a failure."""
    settings, engine = context.settings, context.engine
    if settings.backup.backup_git and engine.moved_to is None:
        try:
            await save_version(engine, settings.target, settings.backup.backup_git_remote)
        except FancyMonkeyError as error:
            log.error("the last changes were not committed to the catalogue history: %s", error)


def _answer_errors(app: FastAPI) -> None:
    """Turns every error outside the routes into a problem that never repeats the request."""

    async def answer(request: StarletteRequest, error: Exception) -> StarletteResponse:
        call = Request(request.scope, request.receive)
        if isinstance(error, HTTPException) and error.status_code == 405:
            return response_of(_other_method(app, call))
        return response_of(problem_response(error, call))

    for kind in (Problem, Denied, HTTPException, FancyMonkeyError, Exception):
        app.add_exception_handler(kind, answer)


def _other_method(app: FastAPI, request: Request) -> Response:
    """The response to a method that a path does not have: 204 to OPTIONS, else 405, with Allow."""
    routes = [route for route in routes_of(app) if route.matches(request.scope)[0] is Match.PARTIAL]
    methods = {method for route in routes for method in getattr(route, "methods", ())}
    allow = (b"allow", ", ".join(sorted({*methods, "OPTIONS"})).encode())
    if request.method == "OPTIONS":
        return Response(204, b"", [allow, NO_STORE])
    detail = f"Use {' or '.join(sorted(methods))}."
    return Problem(405, "method_not_allowed", detail, headers=[allow]).reply()
