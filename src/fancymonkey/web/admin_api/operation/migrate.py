"""Migrates the running shop to another store; progress is streamed as lines."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Request as StarletteRequest
from fastapi.responses import StreamingResponse
from pydantic import Field

from fancymonkey.engine.migration.live_migration import LiveMigration, MoveRefused
from fancymonkey.errors import FancyMonkeyError, StoreLocked, StoreUnavailable
from fancymonkey.settings.settings import without_password
from fancymonkey.store.contract import Store
from fancymonkey.store.open import empty_store
from fancymonkey.store.url import same_store
from fancymonkey.web.http.bodies.json_body import JsonBody, example
from fancymonkey.web.http.bodies.wire import encode
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Call, Context
from fancymonkey.web.routing.described import refusals

log = logging.getLogger(__name__)

UNUSABLE = "One of the two stores is unavailable. The server log has the reason."
PATIENCE_SECONDS = 2.0
"""The longest time between two lines, so that no proxy ends a silent connection."""


class MigrateBody(JsonBody):
    """The target store: a URL or a directory, as for the command `migrate`."""

    model_config = example({"to": "sqlite:///shop.db"})

    to: Annotated[str, Field(min_length=1, max_length=1000)]


_EXAMPLE = {
    "step": "done",
    "to": "sqlite:///shop.db",
    "revision": 100_412,
    "skus": 1000,
    "caughtUp": 412,
    "pauseMs": 38.2,
}


router = APIRouter(tags=["system"], route_class=AuthorizedRoute)


@router.post(
    "/api/admin/migrate",
    summary="Migrate the running shop to another store",
    dependencies=[requires("admin", person=True, cookie=False)],
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/x-ndjson": {"example": _EXAMPLE}}},
        **refusals(409),
    },
)
async def migrate(
    http: StarletteRequest, request: Call, context: Context, body: MigrateBody
) -> StreamingResponse:
    """Copies, catches up and switches while the shop sells, and streams the progress.

    Each line is an object with a `step`: `copying`, `comparing`, `catching up`, `switching`,
    and at the end `done` or `failed`. It takes the admin password: a browser's session or an
    API key is not enough. `to` is one of the stores in MIGRATION_TARGETS.
    """
    moving: asyncio.Lock = http.app.state.migration
    to = _named(body.to, context.settings.accounts.migration_targets)
    if moving.locked() or context.engine.moved_to is not None:
        raise Problem(
            409,
            "already_moving",
            "A migration is in progress, or the shop has moved since this server started. "
            "Restart the server with the new store first.",
        )
    here, there = context.settings.target, without_password(to)
    request.about = f"to {there}"
    if same_store(here, to):
        raise Problem(422, "invalid_request", "The shop already uses this store.")
    target = _target(to)
    move = LiveMigration(context.engine, target, without_password(here), there, to)
    return StreamingResponse(_progress_lines(move, moving), media_type="application/x-ndjson")


def _named(to: str, targets: Sequence[str]) -> str:
    """The configured target that matches; its password need not be sent.

    Raises Problem 403: over the network, only configured stores are allowed as targets.
    """
    if not to.isprintable():
        raise Problem(422, "invalid_request", "`to` must name a persistent store.")
    for target in targets:
        if same_store(to, target) or to == without_password(target):
            return target
    raise Problem(
        403,
        "target_not_allowed",
        "The shop can only be migrated to a store in MIGRATION_TARGETS. Add it and restart the "
        "server.",
    )


def _target(to: str) -> Store:
    """Returns the target store. Raises Problem 422 for a store that is not persistent."""
    try:
        return empty_store(to)
    except (FancyMonkeyError, OSError, ValueError) as error:
        log.warning("the target store is unavailable: %s", error)
        raise Problem(422, "invalid_request", UNUSABLE) from None


async def _progress_lines(move: LiveMigration, moving: asyncio.Lock) -> AsyncIterator[bytes]:
    """Runs the migration; it is cancelled if the client disconnects."""
    if moving.locked():
        yield encode({"step": "failed", "detail": "A migration is in progress."}) + b"\n"
        return
    async with moving:
        lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        move.on_progress = lambda step, done, total: lines.put_nowait(
            {"step": step, "done": done, "total": total}
        )
        work = asyncio.create_task(_end(move, lines), name="migrate")
        last: dict[str, Any] = {"step": "copying", "done": 0, "total": 1}
        try:
            while last["step"] not in ("done", "failed"):
                yield encode(last) + b"\n"
                try:
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        last = await lines.get()
                except TimeoutError:
                    continue
            yield encode(last) + b"\n"
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


async def _end(move: LiveMigration, lines: asyncio.Queue[dict[str, Any]]) -> None:
    """Migrates, and appends the result as the last line."""
    try:
        report = await move.run()
    except (MoveRefused, StoreLocked) as error:
        lines.put_nowait({"step": "failed", "detail": str(error)})
    except StoreUnavailable as error:  # its text may reveal which machines and ports respond
        log.warning("the shop could not be moved to %s: %s", move.there, error)
        lines.put_nowait({"step": "failed", "detail": UNUSABLE})
    except FancyMonkeyError as error:
        lines.put_nowait({"step": "failed", "detail": str(error)})
    except Exception:
        lines.put_nowait(
            {"step": "failed", "detail": "The migration failed. The server log has the reason."}
        )
        raise
    else:
        lines.put_nowait(
            {
                "step": "done",
                "to": move.there,
                "revision": report.revision,
                "skus": report.skus,
                "caughtUp": report.caught_up,
                "pauseMs": round(report.pause, 1),
            }
        )
