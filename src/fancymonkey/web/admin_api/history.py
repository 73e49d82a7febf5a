"""The ledger for people: its entries, and the explanation of a number."""

import asyncio
import csv
import io
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fancymonkey.core.changes.bulk import search_text
from fancymonkey.core.ledger import InvariantBroken, evolve
from fancymonkey.core.model import Entry, Item, Kind, Level, Product, split_sku
from fancymonkey.core.stock.sku_stock import SkuStock
from fancymonkey.core.stock.status import StockRow
from fancymonkey.engine.ledger_queries import revision_at
from fancymonkey.engine.view import View
from fancymonkey.services.explain import CHANGES, StockExplanation
from fancymonkey.spreadsheets.formula_escape import safe
from fancymonkey.timestamps import iso
from fancymonkey.web.admin_api.changes import PAGE, PAGE_MAX
from fancymonkey.web.admin_api.holds import named
from fancymonkey.web.admin_api.row_query import Query
from fancymonkey.web.auth.authorize import require
from fancymonkey.web.context import AppContext
from fancymonkey.web.http.messages import NO_STORE, NOSNIFF, Problem, Request, Response, ok
from fancymonkey.web.http.time_params import instant
from fancymonkey.web.http.wire import encode

FILE_MAX = 50_000
"""The most entries of a file."""

READ_AT_ONCE = 500


class Wanted:
    """The filter of entries."""

    def __init__(self, query: Query, view: View) -> None:
        self.sku = query.text("sku")
        words = query.text("q")
        self.skus = None if words is None else named_so(view, words)
        self.since = instant("from", query.text("from"))
        self.until = instant("to", query.text("to"))
        self.kinds = set(query.texts("kind"))
        self.actors = set(query.texts("actor"))
        self.cause = query.text("cause")
        self.before = query.number("before", 1 << 60, 0, 1 << 60)
        if not self.kinds <= set(Kind):
            raise Problem(422, "invalid_request", f"kind must be one of: {', '.join(Kind)}.")

    def has(self, entry: Entry) -> bool:
        """Whether an entry matches."""
        return (
            entry.revision < self.before
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at < self.until)
            and (not self.kinds or entry.kind in self.kinds)
            and (not self.actors or entry.actor in self.actors)
            and (self.cause is None or entry.cause == self.cause)
            and (self.skus is None or entry.sku in self.skus)
        )


def named_so(view: View, words: str) -> set[str]:
    """The SKUs and product ids whose names or ids contain every word.

    What is off sale has a history too. A product is meant by words that it has without its sizes.
    """
    wanted = words.lower().split()
    found = set()
    for product in view.products.values():
        skus = view.sizes.get(product.product_id, [])
        rows = [StockRow(product, view.items[sku], SkuStock(sku)) for sku in skus]
        for row in rows:
            text = search_text(row)
            if all(word in text for word in wanted):
                found.add(row.item.sku)
        text = f"{product.product_id}\n{product.name}\n{product.category}".lower()
        if all(word in text for word in wanted):
            found.add(product.product_id)
    return found


Told = tuple[Entry, int, int, int]
"""An entry, with the units on hand, reserved and available after it."""


async def history(context: AppContext, request: Request) -> Response:
    """Returns entries, the latest first, of one SKU or product, of a search, or of all."""
    await require(context, request, "read")
    query = Query(request)
    wanted = Wanted(query, context.engine.view)
    limit = query.number("limit", PAGE, 1, PAGE_MAX)
    as_file = query.one_of("format", "json", "csv") == "csv"
    if as_file:
        limit = FILE_MAX
    read = (
        _of_everything(context, wanted) if wanted.sku is None else _of_sku(context, wanted, limit)
    )
    revision = context.engine.view.revision
    found: list[Told] = []
    async for row in read:
        found.append(row)
        if len(found) > limit:
            break
    if as_file:
        return await _file(found[:limit])
    more = len(found) > limit
    meant = None if wanted.skus is None else len(wanted.skus)
    entries = [named(context.engine, _entry_out(*told)) for told in found[:limit]]
    following = entries[-1]["revision"] if more else None
    told = {"success": True, "entries": entries, "next": following, "revision": revision}
    return ok(encode({**told, "meant": meant}))


async def _of_sku(context: AppContext, wanted: Wanted, limit: int) -> AsyncIterator[Told]:
    """The latest entries of a SKU, whose history is followed from its beginning."""
    assert wanted.sku is not None
    found: deque[Told] = deque(maxlen=limit + 1)
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
            found.append((entry, level.on_hand, level.reserved, level.available))
        read += 1
        if not read % READ_AT_ONCE:
            await asyncio.sleep(0)
    while found:
        yield found.pop()


async def _of_everything(context: AppContext, wanted: Wanted) -> AsyncIterator[Told]:
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


def _entry_out(entry: Entry, on_hand: int, reserved: int, available: int) -> dict[str, Any]:
    product_id, size = split_sku(entry.sku)
    return {
        "revision": entry.revision,
        "at": iso(entry.at),
        "kind": entry.kind,
        "sku": entry.sku,
        "productId": product_id,
        "size": size or None,
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


PLACES = {"act_": "act", "evt_": "event", "pi_": "payment", "cs_": "payment"}
"""The target of a link, by the prefix of a cause."""


def _links(entry: Entry) -> list[dict[str, str]]:
    links = [
        {"to": place, "id": entry.cause}
        for start, place in PLACES.items()
        if entry.cause.startswith(start)
    ]
    if entry.reservation_id is not None:
        links.append({"to": "hold", "id": entry.reservation_id})
    return links


COLUMNS = ("revision", "at", "productId", "size", "kind")
QUANTITIES = ("stock", "reserved", "backordered", "short")
WORDS = ("actor", "reason", "cause", "hold")


async def _file(found: list[Told]) -> Response:
    """The entries as CSV, the latest first."""
    buffer = io.StringIO()
    write = csv.writer(buffer, lineterminator="\r\n").writerow
    after = ("stockAfter", "reservedAfter", "availableAfter")
    write([*COLUMNS, *QUANTITIES, *after, *WORDS])
    for number, (entry, *numbers) in enumerate(found):
        row = _entry_out(entry, *numbers)
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
    return file_reply(buffer.getvalue().encode(), "text/csv; charset=utf-8", "history.csv")


def file_reply(body: bytes, media_type: str, name: str) -> Response:
    """A downloadable file."""
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        NO_STORE,
        NOSNIFF,
    ]
    return Response(200, body, headers)


async def explain(context: AppContext, request: Request) -> Response:
    """Explains the stock of a SKU, now or at a time, and its movements since another time."""
    await require(context, request, "read")
    query = Query(request)
    as_of, since = instant("asOf", query.text("asOf")), instant("from", query.text("from"))
    if as_of is not None and since is not None and since > as_of:
        raise Problem(422, "invalid_request", "`from` must be before `asOf`.")
    product, item = _item(context, query.text("sku") or "")
    story = StockExplanation(product, item, deque(maxlen=0), since)
    await story.follow(context.engine.store.history(item.sku, as_of))
    view = context.engine.view
    if as_of is None:
        story.over = view.unbooked_expiries(item.sku)
    return ok(encode(_explained(story, since, as_of, view.revision)))


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
        "revision": revision,
    }


def _stock_out(stock: SkuStock) -> dict[str, int]:
    return {
        "stock": stock.on_hand,
        "reserved": stock.reserved,
        "available": stock.available,
        "backordered": stock.backordered,
        "short": stock.short,
    }
