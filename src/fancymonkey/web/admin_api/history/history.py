"""The ledger for people: its entries, and the explanation of a number."""

import asyncio
import csv
import io
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response

from fancymonkey.core.ledger import InvariantBroken, evolve
from fancymonkey.core.model import Entry, Item, Kind, Level, Product, Reservation, split_sku
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.engine.engine import Engine
from fancymonkey.engine.queries.ledger_queries import revision_at
from fancymonkey.services.explain import CHANGES, StockExplanation
from fancymonkey.services.locations.hold_routes import route_json
from fancymonkey.spreadsheets.cells.formula_escape import safe
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.history.history_filter import HistoryFilter
from fancymonkey.web.admin_api.history.history_models import (
    EntryLink,
    EntryOut,
    Explanation,
    HistoryPage,
    Quantities,
)
from fancymonkey.web.admin_api.history.history_routes import ROUTES_OF, routed_in, routes_of
from fancymonkey.web.admin_api.sales.bundle_marks import holds_with_bundles, part_of
from fancymonkey.web.admin_api.sales.holds import product_name
from fancymonkey.web.auth.location_limits import location_to_read
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.bodies.json_body import json_response
from fancymonkey.web.http.files import FORMAT, also_csv, file_response
from fancymonkey.web.http.messages import Problem
from fancymonkey.web.http.query_params import LIMIT, PAGE, Page, Text, Time, instant
from fancymonkey.web.read_models.stock_listing import unknown_location
from fancymonkey.web.routing.access import requires
from fancymonkey.web.routing.authorized_route import AuthorizedRoute
from fancymonkey.web.routing.dependencies import Caller, Context
from fancymonkey.web.routing.described import refusals

router = APIRouter(prefix="/api/admin", tags=["dashboard"], route_class=AuthorizedRoute)

FILE_MAX = 50_000
"""The most entries of a file."""

READ_AT_ONCE = 500
EntryWithLevels = tuple[Entry, int, int, int]
"""An entry, with the units on hand, reserved and available after it."""


@router.get(
    "/history",
    summary="List ledger entries, the latest first",
    dependencies=[requires("read", by_location=True)],
    response_model=HistoryPage,
    responses=also_csv() | refusals(404),
)
async def history(
    context: Context,
    actor: Caller,
    wanted: Annotated[HistoryFilter, Depends()],
    limit: Annotated[Page, Query(description=LIMIT)] = PAGE,
    format: Annotated[Literal["json", "csv"], Query(description=FORMAT)] = "json",
) -> Any:
    """Returns entries, the latest first, of one SKU or product, of a search, or of all."""
    most = FILE_MAX if format == "csv" else limit
    read = _of_everything(context, wanted) if wanted.sku is None else _of_sku(context, wanted, most)
    revision = context.engine.view.revision
    rows: list[EntryWithLevels] = []
    async for row in read:
        rows.append(row)
        if len(rows) > most:
            break
    if format == "csv":
        return await _file(context.engine, rows[:most])
    holds = await holds_with_bundles(context.engine, [row[0] for row in rows[:most]])
    entries = [] if actor.locations else [row[0] for row in rows[:most]]
    routed = await routed_in(context.engine, entries)
    return json_response(
        HistoryPage(
            success=True,
            entries=[_marked(context.engine, holds, routed, row) for row in rows[:most]],
            next=rows[most - 1][0].revision if len(rows) > most else None,
            revision=revision,
            meant=None if wanted.skus is None else len(wanted.skus),
        )
    )


async def _of_sku(
    context: AppContext, wanted: HistoryFilter, limit: int
) -> AsyncIterator[EntryWithLevels]:
    """The latest entries of a SKU, whose history is followed from its beginning."""
    assert wanted.sku is not None
    entries: deque[EntryWithLevels] = deque(maxlen=limit + 1)
    levels: dict[str, Level] = {}
    read = 0
    async for entry in context.engine.store.history(wanted.sku, wanted.until):
        level = levels.get(entry.location) or Level(entry.sku, entry.location)
        try:
            level = levels[entry.location] = evolve(level, entry)
        except InvariantBroken:  # `verify` and `explain` report the error
            level = levels[entry.location] = Level(
                entry.sku,
                entry.location,
                entry.on_hand_after,
                entry.reserved_after,
            )
        if wanted.has(entry):
            entries.append((entry, level.on_hand, level.reserved, level.available))
        read += 1
        if not read % READ_AT_ONCE:
            await asyncio.sleep(0)
    while entries:
        yield entries.pop()


async def _of_everything(
    context: AppContext, wanted: HistoryFilter
) -> AsyncIterator[EntryWithLevels]:
    """The latest entries of all, read backwards; running numbers are the entries' own."""
    engine = context.engine
    top = min(engine.view.revision, wanted.before - 1)
    if wanted.until is not None:
        top = min(top, await revision_at(engine, wanted.until))
    bottom = 0 if wanted.since is None else await revision_at(engine, wanted.since)
    while top > bottom:
        start = max(bottom, top - READ_AT_ONCE)
        for entry in reversed(await engine.store.entries_after(start, top - start)):
            if wanted.has(entry):
                after, reserved = entry.on_hand_after, entry.reserved_after
                yield entry, after, reserved, after - reserved
        top = start
        await asyncio.sleep(0)


def _marked(
    engine: Engine,
    holds: dict[str, Reservation],
    routed: dict[str, Reservation],
    row: EntryWithLevels,
) -> EntryOut:
    """An entry, with the bundles that its units are parts of.

    With several locations it has its own, and the entry that began a hold has its route.
    """
    entry = _entry_out(engine, *row)
    if row[0].kind is Kind.RESERVED and (routed_hold := routed.get(row[0].reservation_id or "")):
        route = route_json(routed_hold)
        if route is not None:
            entry["route"] = route
    hold = holds.get(row[0].reservation_id or "")
    bundles = [] if hold is None else part_of(engine, hold, row[0].sku)
    if bundles:
        entry["partOf"] = bundles
    if engine.view.has_several_locations:
        entry["location"] = row[0].location
    return entry


def _entry_out(
    engine: Engine, entry: Entry, on_hand: int, reserved: int, available: int
) -> EntryOut:
    product_id, size = split_sku(entry.sku)
    return {
        "revision": entry.revision,
        "at": iso(entry.at),
        "kind": entry.kind,
        "sku": entry.sku,
        "productId": product_id,
        "size": size or None,
        "name": product_name(engine, product_id),
        "change": _wire({name: getattr(entry, name) for name in CHANGES}),
        "stock": on_hand,
        "reserved": reserved,
        "available": available,
        "actor": entry.actor,
        "reason": entry.reason,
        "cause": entry.cause,
        "until": None if entry.until is None else iso(entry.until),
        "links": _links(entry),
    }


def _wire(change: dict[str, int]) -> dict[str, int]:
    """The changed quantities, by their public names."""
    return {
        "stock" if name == "on_hand" else name: moved for name, moved in change.items() if moved
    }


LINK_TARGETS = {"act_": "change", "evt_": "event", "pi_": "payment", "cs_": "payment"}
"""The target of a link, by the prefix of a cause."""


def _links(entry: Entry) -> list[EntryLink]:
    links: list[EntryLink] = [
        {"to": target, "id": entry.cause}
        for start, target in LINK_TARGETS.items()
        if entry.cause.startswith(start)
    ]
    if entry.reservation_id is not None:
        links.append({"to": "hold", "id": entry.reservation_id})
    return links


COLUMNS = ("revision", "at", "productId", "size", "kind")
QUANTITIES = ("stock", "reserved", "backordered", "short")
WORDS = ("actor", "reason", "cause", "hold")


async def _file(engine: Engine, rows: list[EntryWithLevels]) -> Response:
    """The entries as CSV, the latest first."""
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    after = ("stockAfter", "reservedAfter", "availableAfter")
    write([*COLUMNS, *QUANTITIES, *after, *WORDS])
    for number, (entry, *numbers) in enumerate(rows):
        row: dict[str, Any] = {**_entry_out(engine, entry, *numbers)}
        texts = [row["actor"], row["reason"], row["cause"], entry.reservation_id or ""]
        write(
            [
                *(safe(str(row[name] or "")) for name in COLUMNS),
                *(row["change"].get(name, 0) for name in QUANTITIES),
                *numbers,
                *(safe(text) for text in texts),
            ]
        )
        if not number % READ_AT_ONCE:
            await asyncio.sleep(0)
    return file_response(buffer.getvalue().encode(), "text/csv; charset=utf-8", "history.csv")


@router.get(
    "/explain",
    summary="Explain the stock of a SKU",
    dependencies=[requires("read", by_location=True)],
    response_model=Explanation,
    responses=refusals(404),
)
async def explain(
    context: Context,
    actor: Caller,
    sku: Annotated[Text, Query(description="As `prod_hoodie_001/M`")] = "",
    until: Annotated[
        Time | None, Query(alias="asOf", description="The time to explain; now by default")
    ] = None,
    begin: Annotated[
        Time | None,
        Query(
            alias="from",
            description="Only entries since this time; from the first entry by default",
        ),
    ] = None,
    location: Annotated[
        Text | None, Query(description="The stock at this location; in total by default")
    ] = None,
) -> Any:
    """Explains the stock of a SKU, now or at a time, and its movements since another time."""
    as_of, since = instant("asOf", until), instant("from", begin)
    if as_of is not None and since is not None and since > as_of:
        raise Problem(422, "invalid_request", "`from` must be before `asOf`.")
    product, item = _item(context, sku)
    at = None if location is None and not actor.locations else location_to_read(actor, location)
    if at is not None and at not in context.engine.view.locations:
        raise unknown_location(at)
    story = StockExplanation(product, item, deque(maxlen=ROUTES_OF), at, since)
    await story.follow(context.engine.store.history(item.sku, as_of))
    view = context.engine.view
    if not actor.locations:  # the other ways are other locations
        story.routed = await routed_in(context.engine, [entry for entry, _ in story.lines])
    if as_of is None:
        story.over = view.unbooked_expiries(item.sku, at)
    return _explained(story, since, as_of, view.revision)


def _item(context: AppContext, sku: str) -> tuple[Product, Item]:
    """Returns the SKU, also of an archived size. Raises Problem 404."""
    view = context.engine.view
    item = view.items.get(context.spelling.key(sku))
    product = None if item is None else view.products.get(item.product_id)
    if item is None or product is None:
        raise Problem(404, "unknown_item", "No such product or size.")
    return product, item


def _explained(
    story: StockExplanation, since: int | None, as_of: int | None, revision: int
) -> dict[str, Any]:
    steps = []
    stock = story.opening.on_hand
    for step in story.steps.values():
        stock += step.change.get("on_hand", 0)
        steps.append(
            {
                "kind": step.kind,
                "entries": step.entries,
                "change": _wire(step.change),
                "stock": stock,
            }
        )
    return {
        "success": True,
        "sku": story.item.sku,
        "productId": story.item.product_id,
        "size": story.item.size,
        "name": story.product.name,
        "from": None if since is None else iso(since),
        "asOf": None if as_of is None else iso(as_of),
        "sentence": story.sentence(as_of),
        "opening": _stock_out(story.opening),
        "closing": _stock_out(story.closing),
        "steps": steps,
        "entries": story.total,
        "problem": story.broken,
        **({"routes": routes} if (routes := routes_of(story)) else {}),
        "revision": revision,
    }


def _stock_out(stock: SkuStock) -> Quantities:
    return {
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "backordered": stock.backordered,
        "short": stock.short,
    }
