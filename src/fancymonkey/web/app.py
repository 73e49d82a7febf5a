"""Composes the application."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi import Request as StarletteRequest
from fastapi import Response as StarletteResponse
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from fancymonkey import __version__
from fancymonkey.accounts.model import Denied
from fancymonkey.backup.catalogue_history import save_version
from fancymonkey.engine.engine import Engine
from fancymonkey.errors import FancyMonkeyError
from fancymonkey.jobs.runner import Runner
from fancymonkey.services import demo_payments
from fancymonkey.services.container import Services
from fancymonkey.settings.settings import Settings
from fancymonkey.store.open import open_store
from fancymonkey.web.admin_api import jobs, migrate, stock_live
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.account_errors import account_problem
from fancymonkey.web.http.messages import Problem, Request, response_of
from fancymonkey.web.http.rate_limits import RateLimits
from fancymonkey.web.http.security_headers import SecurityHeaders
from fancymonkey.web.openapi import document as openapi
from fancymonkey.web.pages import dashboard, files
from fancymonkey.web.routing.router import Router, broken, unavailable
from fancymonkey.web.server.connections import Crowd
from fancymonkey.web.server.file_limits import open_files
from fancymonkey.web.server.listeners import Listeners
from fancymonkey.web.server.turns import Turns
from fancymonkey.web.shop_api import inventory, live
from fancymonkey.web.system import health

log = logging.getLogger(__name__)


def create_app(settings: Settings | None = None, engine: Engine | None = None) -> Router:
    """Makes the ASGI application, by default from the environment. Opens the store at start.

    Raises ConfigError; the start raises what `Store.open` raises.
    """
    settings = settings or Settings.load()
    engine = engine or Engine(open_store(settings.target))
    twin = None
    if settings.server.demo:
        twin, settings = demo_payments.stand_in(engine, settings)
    services = Services(engine, settings)
    context = AppContext(services)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await engine.open()
        if twin is not None:
            await twin.start()
        running = asyncio.create_task(_keep_going(context), name="jobs")
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await services.close()
            if twin is not None:
                await twin.stop()
            await engine.close()
            await _keep_last_version(context)

    app = FastAPI(
        title="Fancy Monkey Inventory",
        version=__version__,
        description="Stock, holds and sales that always add up.",
        openapi_tags=openapi.TAGS,
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(health.router(context))
    crowd = Crowd(open_files(), by_address=settings.server.rate_limit)
    listeners = Listeners(Turns(), crowd.most // 2, by_address=settings.server.rate_limit)
    app.include_router(live.router(context, listeners))
    app.include_router(stock_live.router(context, listeners))
    app.include_router(jobs.router(context))
    app.include_router(migrate.router(context))
    app.include_router(files.router())
    files.mount(app)
    dashboard.mount(app, context)
    if twin is not None:
        app.mount(demo_payments.PATH, twin.app)
    _speak_problems(app)
    _describe(app)
    return _fronted(app, context, crowd, listeners)


def _describe(app: FastAPI) -> None:
    """Makes the app's OpenAPI document that of the whole service."""
    document = app.openapi

    def whole_document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = openapi.add_to(document())
        return app.openapi_schema

    app.openapi = whole_document  # type: ignore[method-assign]


def _fronted(app: FastAPI, context: AppContext, crowd: Crowd, listeners: Listeners) -> Router:
    """The app behind what holds for every answer, and behind the front door."""
    context.metrics.add(crowd)
    routes = {**openapi.front_routes(), **openapi.document_route(app.openapi)}
    known = [(method, path) for path, methods in routes.items() for method in methods]
    limits = RateLimits(context.engine.clock, known) if context.settings.server.rate_limit else None
    return Router(
        SecurityHeaders(app, limits), context, routes, limits, inventory.HOT, crowd, listeners
    )


async def _keep_going(context: AppContext) -> None:
    """Runs alerts, and scheduled jobs if they are enabled."""
    await Runner(
        context.jobs,
        [context.alerts.run, context.services.demand.run],
        schedules=context.settings.schedule.schedules,
    ).run()


async def _keep_last_version(context: AppContext) -> None:
    """Commits the last changes of the catalogue; logs a failure."""
    settings, engine = context.settings, context.engine
    if settings.backup.backup_git and engine.moved_to is None:
        try:
            await save_version(engine, settings.target, settings.backup.backup_git_remote)
        except FancyMonkeyError as error:
            log.error("the last changes were not committed to the catalogue history: %s", error)


def _methods(app: FastAPI, request: StarletteRequest) -> list[str]:
    """Registers all methods of a path; the framework itself uses only its first route."""
    routes = [route for route in app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in routes for method in getattr(route, "methods", ())})


def _speak_problems(app: FastAPI) -> None:
    """Turns every error of the app into a problem response that never repeats the request."""

    @app.exception_handler(Problem)
    async def problem(request: StarletteRequest, error: Problem) -> StarletteResponse:
        return response_of(error.reply())

    @app.exception_handler(Denied)
    async def denied(request: StarletteRequest, error: Denied) -> StarletteResponse:
        return response_of(account_problem(error).reply())

    @app.exception_handler(HTTPException)
    async def http_error(request: StarletteRequest, error: HTTPException) -> StarletteResponse:
        code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
        detail = "There is nothing at this path." if error.status_code == 404 else str(error.detail)
        headers = [
            (name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()
        ]
        if error.status_code == 405:
            headers = [(b"allow", ", ".join(_methods(app, request)).encode())]
        return response_of(Problem(error.status_code, code, detail, headers=headers).reply())

    @app.exception_handler(RequestValidationError)
    async def invalid(
        request: StarletteRequest, error: RequestValidationError
    ) -> StarletteResponse:
        places = ", ".join(".".join(str(part) for part in row["loc"]) for row in error.errors())
        return response_of(Problem(422, "invalid_request", f"Not valid: {places}.").reply())

    @app.exception_handler(FancyMonkeyError)
    async def store_error(request: StarletteRequest, error: FancyMonkeyError) -> StarletteResponse:
        named = Request(request.scope, request.receive).id
        log.warning("%s %s: %s", request.method, request.url.path, error, extra={"request": named})
        return response_of(unavailable(error, named))

    @app.exception_handler(Exception)
    async def failure(request: StarletteRequest, error: Exception) -> StarletteResponse:
        named = Request(request.scope, request.receive).id
        log.error(
            "%s %s failed",
            request.method,
            request.url.path,
            exc_info=error,
            extra={"request": named},
        )
        return response_of(broken(named))
